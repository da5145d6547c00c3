using Traceability.Domain.Trades;

namespace Traceability.Domain;

/// <summary>
/// Personal data was taken out of an earlier event of the same stream. Its leaf in the log stands; Salt and PayloadHash
/// (Base64) bind what is left of it, so that nothing else of it can be changed under this name.
/// </summary>
public record EventMasked(
    long Version, IReadOnlyList<string> Fields, string Reason, string Salt, string PayloadHash,
    DateTimeOffset MaskedAt);

/// <summary>
/// What may be taken out of events: what people write to each other. No figure, and nothing that a total, a statement
/// or a certificate is made of: these have been shown to others, and must stay provable.
/// </summary>
public static class Masking
{
    public const string Mask = "(masked)";

    private static readonly Dictionary<Type, string[]> PersonalFields = new()
    {
        [typeof(TradeRequested)] = ["message"],
        [typeof(TradeRejected)] = ["message"],
    };

    /// <summary>The JSON names of the fields that may be masked; none for most events.</summary>
    public static IReadOnlyList<string> FieldsOf(object e) => PersonalFields.GetValueOrDefault(e.GetType(), []);
}
