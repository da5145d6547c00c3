using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml;
using Traceability.Domain.Quantities;

namespace Traceability.Exports.Facts;

/// <summary>What a fact about a product must look like, and who can supply it.</summary>
/// <param name="Name">Such as "battery.capacity_kwh".</param>
/// <param name="Kind">text, amount, credit, uri, urns, email, country, time, digits, or enum.</param>
/// <param name="Means">In words.</param>
/// <param name="Who">Who has to supply it.</param>
/// <param name="Unit">Of an amount.</param>
/// <param name="Values">Of an enum.</param>
public sealed record FactRule(
    string Name, string Kind, string Means, string Who, string? Unit = null, IReadOnlyList<string>? Values = null)
{
    /// <summary>Why a value cannot be right; null if it can.</summary>
    public string? Problem(string value) => IsText(value)
        ? OfKind(value)
        : $"must be 1 to {FactTable.MaxText} characters without control characters.";

    private string? OfKind(string value) => Kind switch
    {
        "amount" => Amount.TryParse(value, out var amount) && amount >= 0 ? null : $"must be {Amount.Rule}, in {Unit}.",
        "credit" => Amount.TryParse(value, out _) ? null : $"must be {Amount.Rule}, in {Unit}; a credit is negative.",
        "uri" => IsWeb(value) ? null : "must be a web address such as https://example.com/study.pdf.",
        "urns" => value.Split(' ').All(IsUrn) ? null : "must be URNs such as urn:example:1, separated by blanks.",
        "email" => IsEmail(value) ? null : "must be an e-mail address.",
        "country" => value.Length == 2 && value.All(char.IsAsciiLetterUpper)
            ? null
            : "must be two capital letters (ISO 3166-1).",
        "time" => IsTime(value) ? null : "must be a time such as 2027-12-31T23:59:59Z.",
        "digits" => value.Length == 8 && value.All(char.IsAsciiDigit) ? null : "must be eight digits.",
        "enum" => Values!.Contains(value) ? null : $"must be one of: {string.Join(", ", Values!)}.",
        _ => null,
    };

    /// <summary>What XML cannot carry is no text here, either.</summary>
    private static bool IsText(string value) =>
        value.Length is > 0 and <= FactTable.MaxText
        && value.All(letter => !char.IsControl(letter) && (XmlConvert.IsXmlChar(letter) || char.IsSurrogate(letter)));

    private static bool IsWeb(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http";

    private static bool IsUrn(string value) =>
        value.StartsWith("urn:", StringComparison.Ordinal) && value.Length > 6
        && Uri.TryCreate(value, UriKind.Absolute, out _);

    private static bool IsEmail(string value) =>
        value.Split('@') is [{ Length: > 0 }, { Length: > 2 } host]
        && host.Contains('.', StringComparison.Ordinal) && !value.Any(char.IsWhiteSpace);

    private static bool IsTime(string value) => DateTimeOffset.TryParseExact(
        value, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);
}

/// <summary>The facts about products that exports take, with what upstream cannot give.</summary>
public static class FactTable
{
    public const int MaxText = 1000;

    private static readonly Dictionary<string, FactRule> ByName = Resource
        .Read<FactFile>("Facts/facts.json").Facts.ToDictionary(rule => rule.Name, StringComparer.Ordinal);

    public static IReadOnlyCollection<FactRule> All => ByName.Values;

    public static FactRule? Find(string name) => ByName.GetValueOrDefault(name);

    private sealed record FactFile(IReadOnlyList<FactRule> Facts);
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
