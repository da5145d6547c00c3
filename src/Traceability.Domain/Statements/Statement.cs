namespace Traceability.Domain.Statements;

/// <summary>
/// A footprint was signed: one statement per part and version, the same for all customers. Disclosures are the openings
/// of its fields by name (RFC 9901); each customer is given only the released ones.
/// </summary>
public record StatementIssued(
    Guid TraceId, string PartRef, long Version, string Signature, IReadOnlyDictionary<string, string> Disclosures,
    DateTimeOffset IssuedAt);

/// <summary>The broker took a sealed statement for the buyer of a trade.</summary>
public record StatementDelivered(
    string PartRef, Guid TradeId, long Version, Guid MessageId, DateTimeOffset DeliveredAt);

/// <summary>The latest statement about a part.</summary>
public record Statement(
    Guid TraceId, string PartRef, long Version, string Signature, IReadOnlyDictionary<string, string> Disclosures)
{
    /// <summary>The key of the stream, set by the store.</summary>
    public string Id { get; init; } = "";

    public static Statement? Evolve(Statement? statement, object e) => e switch
    {
        StatementIssued i => new(i.TraceId, i.PartRef, i.Version, i.Signature, i.Disclosures),
        _ => statement,
    };
}
