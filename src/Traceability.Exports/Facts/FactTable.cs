using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using System.Xml;
using Traceability.Domain.Quantities;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Facts;

/// <summary>What a fact about a product must look like, and who can supply it.</summary>
/// <param name="Name">Such as "battery.capacity_kwh".</param>
/// <param name="Kind">text, amount, credit, uri, urns, email, country, time, digits, or enum.</param>
/// <param name="Means">In words.</param>
/// <param name="Who">Who has to supply it.</param>
/// <param name="Unit">Of an amount.</param>
/// <param name="Values">Of an enum.</param>
/// <param name="PerUnit">Whether it is told per declared unit of the part.</param>
/// <param name="Least">Of an amount: less is no such thing.</param>
/// <param name="Most">Of an amount: more is no such thing, and leaves no room to multiply.</param>
public sealed partial record FactRule(
    string Name, string Kind, string Means, string Who, string? Unit = null, IReadOnlyList<string>? Values = null,
    bool PerUnit = false, decimal Least = 0, decimal? Most = null)
{
    /// <summary>Why a value cannot be right; null if it can.</summary>
    public string? Problem(string value) => !IsText(value)
        ? $"must be 1 to {FactTable.MaxText} characters without control characters."
        : OfKind(value) is (null, var wanted) ? $"must be {wanted}." : null;

    /// <summary>What was declared, as what it is; null if it cannot be that.</summary>
    public ExportValue? Read(string value) => OfKind(value).Value;

    private (ExportValue? Value, string Wanted) OfKind(string text) => Kind switch
    {
        "amount" => (Number(text, Least), $"{Amount.Rule}, in {Unit}, {Range}"),
        "credit" => (Number(text, decimal.MinValue), $"{Amount.Rule}, in {Unit}; a credit is negative"),
        "uri" => (Text(text, IsWeb), "a web address such as https://example.com/study.pdf"),
        "urns" => (Urns(text.Split(' ')), "URNs such as urn:example:1, separated by blanks, each once"),
        "email" => (Text(text, IsEmail), "an e-mail address"),
        "country" => (Text(text, FactTable.Countries.Contains),
            "the assigned code of a country in two capital letters (ISO 3166-1 alpha-2), such as DE or JP"),
        "time" => (Time(text), "a time such as 2027-12-31T23:59:59Z"),
        "digits" => (Text(text, word => word.Length == 8 && word.All(char.IsAsciiDigit)), "eight digits"),
        "enum" => (Text(text, Values!.Contains), $"one of: {string.Join(", ", Values!)}"),
        _ => (new Text(text), "text"),
    };

    private static Text? Text(string text, Func<string, bool> isRight) => isRight(text) ? new(text) : null;

    private string Range => Most is { } most ? $"from {Amount.Format(Least)} to {Amount.Format(most)}"
        : $"at least {Amount.Format(Least)}";

    private Number? Number(string text, decimal least) =>
        Amount.TryParse(text, out var amount) && amount >= least && !(amount > Most)
            ? new(amount) { PerUnit = PerUnit }
            : null;

    private static Words? Urns(string[] words) =>
        words.All(IsUrn) && words.Distinct().Count() == words.Length ? new(words) : null;

    private static Time? Time(string text) => DateTimeOffset.TryParseExact(
        text, ExportValue.Time.Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
        ? new(time)
        : null;

    /// <summary>What XML cannot carry is no text here, either.</summary>
    private static bool IsText(string value) =>
        value.Length is > 0 and <= FactTable.MaxText
        && value.EnumerateRunes().All(letter => letter != Rune.ReplacementChar && !Rune.IsControl(letter)
            && (!letter.IsBmp || XmlConvert.IsXmlChar((char)letter.Value)));

    private static bool IsWeb(string value) =>
        IsUri(value) && Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http";

    private static bool IsUrn(string value) =>
        value.StartsWith("urn:", StringComparison.Ordinal) && value.Length > 6 && IsUri(value);

    /// <summary>The letters of RFC 3986; other letters are written with percent signs.</summary>
    private static bool IsUri(string value) => UriLetters().IsMatch(value);

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]*:([A-Za-z0-9._~:/?#@!$&'()*+,;=-]|\[|\]|%[0-9A-Fa-f]{2})+$")]
    private static partial Regex UriLetters();

    private static bool IsEmail(string value) =>
        value.Split('@') is [{ Length: > 0 }, { Length: > 2 } host]
        && host.Contains('.', StringComparison.Ordinal) && !value.Any(char.IsWhiteSpace);
}

/// <summary>The facts about products that exports take, with what upstream cannot give.</summary>
public static class FactTable
{
    public const int MaxText = 1000;

    private static readonly Dictionary<string, FactRule> ByName = Resource
        .Read<FactFile>("Facts/facts.json").Facts.ToDictionary(rule => rule.Name, StringComparer.Ordinal);

    public static IReadOnlyCollection<FactRule> All => ByName.Values;

    /// <summary>The codes that are assigned to a country; all others mean nothing to a reader.</summary>
    public static IReadOnlySet<string> Countries { get; } =
        Resource.Read<CountryFile>("Facts/countries.json").Codes.ToHashSet(StringComparer.Ordinal);

    public static FactRule? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>What is not what its rule says counts as not declared.</summary>
    public static Dictionary<string, ExportValue> Read(IReadOnlyDictionary<string, string> declared) =>
    (
        from fact in declared
        let value = Find(fact.Key)?.Read(fact.Value)
        where value is not null
        select KeyValuePair.Create(fact.Key, value)
    ).ToDictionary(StringComparer.Ordinal);

    private sealed record FactFile(IReadOnlyList<FactRule> Facts);

    private sealed record CountryFile(string Source, IReadOnlyList<string> Codes);
}

/// <summary>Tables that lie beside the code.</summary>
internal static class Resource
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static T Read<T>(string name)
    {
        using var stream = typeof(Resource).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The table {name} is missing.");
        return JsonSerializer.Deserialize<T>(stream, Json)!;
    }
}
