using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints.RollUp;

namespace Traceability.Domain.Footprints;

/// <summary>
/// A supplier disclosed its total. The presentation is kept exactly as it came: it is the evidence. Figures are what
/// was read from it.
/// </summary>
public record UpstreamTotalReceived(
    Guid TradeId, Guid TraceId, long Version, Figures Figures, bool Complete, string DeclaredUnit,
    ReferencePeriod? Period, string Presentation, DateTimeOffset ReceivedAt, DateTimeOffset? ValidUntil = null,
    IReadOnlyList<ReceivedCertificate>? Certificates = null, string? KeyId = null);

/// <summary>A certificate that came with a total, read and as it came.</summary>
public sealed record ReceivedCertificate(StatedCertificate Certificate, string Document);

/// <summary>The supplier refused, or ended its release.</summary>
public record UpstreamTotalWithheld(Guid TradeId, Guid TraceId, DateTimeOffset WithheldAt);

/// <summary>A message about a trade could not be believed; it changed nothing and is kept as evidence.</summary>
public record DisclosureRefused(Guid TradeId, string Reason, string Sealed, DateTimeOffset RefusedAt);

/// <summary>What one supplier has told about a bought part.</summary>
public record UpstreamTotal(
    Guid TradeId, Guid TraceId, LineState State, Figures? Figures, bool Complete, long Version, string? DeclaredUnit,
    ReferencePeriod? Period, DateTimeOffset? ReceivedAt)
{
    /// <summary>Exclusive end of the time in which the supplier's figures may be used.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>The key under which the supplier signed.</summary>
    public string? KeyId { get; init; }

    /// <summary>The supplier's certificates about these figures.</summary>
    public IReadOnlyList<StatedCertificate> Certificates { get; init; } = [];

    /// <summary>The key of the stream, set by the store.</summary>
    public string Id { get; init; } = "";

    public static UpstreamTotal? Evolve(UpstreamTotal? upstream, object e) => e switch
    {
        UpstreamTotalReceived r => new(
            r.TradeId, r.TraceId, LineState.Answered, r.Figures, r.Complete, r.Version, r.DeclaredUnit, r.Period,
            r.ReceivedAt)
        {
            ValidUntil = r.ValidUntil,
            KeyId = r.KeyId,
            Certificates = [.. r.Certificates?.Select(one => one.Certificate) ?? []],
        },
        UpstreamTotalWithheld w => (upstream ?? new(
            w.TradeId, w.TraceId, LineState.Withheld, null, false, 0, null, null, null)) with
        {
            State = LineState.Withheld,
            Figures = null,
            Complete = false,
            Certificates = [],
        },
        _ => upstream,
    };

    /// <summary>
    /// The events that make the message true. One that is overtaken or says nothing new changes nothing, and is kept as
    /// evidence. The same version with other fields or under another key is news: the supplier shows more, or less, or
    /// has lost a key.
    /// </summary>
    /// <param name="existing">What is known.</param>
    /// <param name="received">What was received and believed.</param>
    /// <param name="sealedStatement">As it came.</param>
    public static object[] Receive(
        UpstreamTotal? existing, UpstreamTotalReceived received, string sealedStatement)
    {
        var news = existing is null
            || received.Version > existing.Version
            || (received.Version == existing.Version
                && (existing.State == LineState.Withheld || !existing.Says(received)));
        if (news)
        {
            return [received];
        }

        var reason = received.Version < existing!.Version ? "Outdated" : "Repeated";
        return [new DisclosureRefused(received.TradeId, reason, sealedStatement, received.ReceivedAt)];
    }

    private bool Says(UpstreamTotalReceived received) =>
        received.KeyId == KeyId
        && received.Figures.Equals(Figures)
        && Certificates.SequenceEqual(received.Certificates?.Select(one => one.Certificate) ?? []);

    public static object[] Withhold(UpstreamTotal? existing, Guid tradeId, Guid traceId, DateTimeOffset now) =>
        existing is { State: LineState.Withheld } ? [] : [new UpstreamTotalWithheld(tradeId, traceId, now)];
}
