using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Traceability.Exports;

/// <summary>
/// A value on its way into a document, as what it is; its text is for formats that have nothing else. The unit stands
/// in the rule that shows it, in the format's words.
/// </summary>
[JsonConverter(typeof(ExportConstant))]
public abstract record ExportValue
{
    private ExportValue() { }

    public sealed record Text(string Value) : ExportValue { public override string ToString() => Value; }

    /// <summary>Exact. What somebody declared keeps the zeros at its end.</summary>
    public sealed record Number(decimal Value) : ExportValue
    {
        /// <summary>Whether it is another number per another declared unit.</summary>
        public bool PerUnit { get; init; }

        public override string ToString() => $"{Value}";
    }

    public sealed record Flag(bool Value) : ExportValue
    {
        public override string ToString() => Value ? "true" : "false";
    }

    public sealed record Words(IReadOnlyList<string> Value) : ExportValue
    {
        public override string ToString() => string.Join(' ', Value);
    }

    public sealed record Day(DateOnly Value) : ExportValue { public override string ToString() => $"{Value:O}"; }

    /// <summary>In the zone it was said in: the first of January stays the first of January.</summary>
    public sealed record Time(DateTimeOffset Value) : ExportValue
    {
        public const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

        private const string WithOffset = "yyyy-MM-dd'T'HH:mm:sszzz";

        public override string ToString() =>
            Value.ToString(Value.Offset == TimeSpan.Zero ? Format : WithOffset, CultureInfo.InvariantCulture);
    }
}

/// <summary>A constant of a rule table is what its literal is.</summary>
internal sealed class ExportConstant : JsonConverter<ExportValue>
{
    public override ExportValue Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.Number => new ExportValue.Number(reader.GetDecimal()),
            JsonTokenType.True or JsonTokenType.False => new ExportValue.Flag(reader.GetBoolean()),
            _ => new ExportValue.Text(reader.GetString()!),
        };

    public override void Write(Utf8JsonWriter writer, ExportValue value, JsonSerializerOptions options) =>
        throw new NotSupportedException("Rule tables are only read.");
}

/// <summary>What is known of a product, by name.</summary>
public static class KnownValues
{
    /// <summary>Null where it is not known.</summary>
    public static decimal? Number(this IReadOnlyDictionary<string, ExportValue> known, string name) =>
        (known.GetValueOrDefault(name) as ExportValue.Number)?.Value;
}
