using System.Text.Json.Serialization;
using Traceability.Domain.Footprints;
using Traceability.Domain.Releases;

namespace Traceability.Domain.Statements;

/// <summary>
/// A footprint was signed: one statement per part and version, the same for all customers. Disclosures are the openings
/// of its fields by name (RFC 9901); each customer is given only the released ones.
/// </summary>
public record StatementIssued(
    TraceId TraceId, string PartRef, long Version, string Signature, IReadOnlyDictionary<string, string> Disclosures,
    DateTimeOffset IssuedAt);

/// <summary>The key of a statement was revoked: customers get a new one, under a key that holds.</summary>
public record StatementWithdrawn(
    TraceId TraceId, string PartRef, long Version, string KeyId, DateTimeOffset WithdrawnAt);

/// <summary>The broker took a sealed statement for the buyer of a trade. Which fields were opened, never
/// figures.</summary>
public record StatementDelivered(
    string PartRef, TradeId TradeId, long Version, MessageId MessageId, DateTimeOffset DeliveredAt,
    TraceId? TraceId = null,
    OperatorId? BuyerId = null, IReadOnlyList<FootprintField>? Fields = null);

/// <summary>What one customer was shown: the company's own log.</summary>
public record Disclosure(
    MessageId MessageId, TradeId TradeId, TraceId? TraceId, OperatorId? BuyerId, long FootprintVersion,
    IReadOnlyList<FootprintField> Fields,
    DateTimeOffset DeliveredAt) : IState<Disclosure>
{
    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Disclosure? Evolve(Disclosure? disclosure, object e) => e switch
    {
        StatementDelivered d => new(
            d.MessageId, d.TradeId, d.TraceId, d.BuyerId, d.Version, d.Fields ?? [], d.DeliveredAt),
        _ => disclosure,
    };
}

/// <summary>The latest statement about a part.</summary>
public record Statement(
    TraceId TraceId, string PartRef, long FootprintVersion, string Signature,
    IReadOnlyDictionary<string, string> Disclosures)
    : IState<Statement>
{
    /// <summary>Its key was revoked; it is not shown any more.</summary>
    public bool Withdrawn { get; init; }

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Statement? Evolve(Statement? statement, object e) => e switch
    {
        StatementIssued i => new(i.TraceId, i.PartRef, i.Version, i.Signature, i.Disclosures),
        StatementWithdrawn => statement! with { Withdrawn = true },
        _ => statement,
    };

    /// <summary>The event that says what stands; none if a statement says it already.</summary>
    /// <param name="statement">The latest.</param>
    /// <param name="footprint">What stands.</param>
    /// <param name="sign">Makes the statement.</param>
    public static object[] Issue(Statement? statement, Footprint footprint, Func<StatementIssued> sign) =>
        statement is { Withdrawn: false } && statement.FootprintVersion >= footprint.FootprintVersion ? [] : [sign()];

    /// <summary>The events that take it back; none if it is not there any more.</summary>
    public static object[] Withdraw(Statement? statement, string keyId, DateTimeOffset now) =>
        statement is null or { Withdrawn: true }
            ? []
            : [new StatementWithdrawn(statement.TraceId, statement.PartRef, statement.FootprintVersion, keyId, now)];
}
