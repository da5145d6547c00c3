using System.Text.Json.Serialization;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Quantities;

namespace Traceability.Domain.Footprints;

/// <summary>
/// A supplier disclosed its total. The presentation is kept exactly as it came: it is the evidence. Figures are what
/// was read from it.
/// </summary>
public record UpstreamTotalReceived(
    TradeId TradeId, TraceId TraceId, long Version, Figures Figures, bool Complete, string DeclaredUnit,
    ReferencePeriod? Period, string Presentation, DateTimeOffset ReceivedAt, DateTimeOffset? ValidUntil = null,
    IReadOnlyList<ReceivedCertificate>? Certificates = null, string? KeyId = null);

/// <summary>A certificate that came with a total, read and as it came.</summary>
public sealed record ReceivedCertificate(StatedCertificate Certificate, string Document);

/// <summary>The supplier refused, or ended its release.</summary>
public record UpstreamTotalWithheld(TradeId TradeId, TraceId TraceId, DateTimeOffset WithheldAt);

/// <summary>A message about a trade could not be believed; it changed nothing and is kept as evidence.</summary>
public record DisclosureRefused(TradeId TradeId, string Reason, string Sealed, DateTimeOffset RefusedAt);

/// <summary>What one supplier has told about a bought part.</summary>
public record UpstreamTotal(
    TradeId TradeId, TraceId TraceId, LineState State, Figures? Figures, bool Complete, long FootprintVersion,
    string? DeclaredUnit,
    ReferencePeriod? Period, DateTimeOffset? ReceivedAt) : IState<UpstreamTotal>
{
    /// <summary>Exclusive end of the time in which the supplier's figures may be used.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>The key under which the supplier signed.</summary>
    public string? KeyId { get; init; }

    /// <summary>The supplier's certificates about these figures.</summary>
    public IReadOnlyList<StatedCertificate> Certificates { get; init; } = [];

    /// <summary>Certificates about earlier figures: the total has moved since.</summary>
    public IReadOnlyList<StatedCertificate> OutdatedCertificates { get; init; } = [];

    /// <summary>Certificates that the supplier does not show any more, though the total has not moved.</summary>
    public IReadOnlyList<StatedCertificate> LeftOutCertificates { get; init; } = [];

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static UpstreamTotal? Evolve(UpstreamTotal? upstream, object e) => e switch
    {
        UpstreamTotalReceived r => new(
            r.TradeId, r.TraceId, LineState.Answered, r.Figures, r.Complete, r.Version, r.DeclaredUnit, r.Period,
            r.ReceivedAt)
        {
            ValidUntil = r.ValidUntil,
            KeyId = r.KeyId,
            Certificates = [.. Stated(r)],
            OutdatedCertificates = [.. upstream?.OutdatedBy(r) ?? []],
            LeftOutCertificates = [.. upstream?.LeftOutBy(r) ?? []],
        },
        UpstreamTotalWithheld w => (upstream ?? new(
            w.TradeId, w.TraceId, LineState.Withheld, null, false, 0, null, null, null)) with
        {
            State = LineState.Withheld,
            Figures = null,
            Complete = false,
            Certificates = [],
            OutdatedCertificates = [],
            LeftOutCertificates = [],
        },
        _ => upstream,
    };

    /// <summary>
    /// The answer that a line without shares takes: of several suppliers the first that has answered, always the same.
    /// </summary>
    public static UpstreamTotal? Best(IEnumerable<UpstreamTotal> ofOnePart, DateTimeOffset time) =>
        ofOnePart.OrderBy(one => one.StateAt(time)).ThenBy(one => one.TradeId).FirstOrDefault();

    /// <summary>An answer counts until it runs out.</summary>
    public LineState StateAt(DateTimeOffset time) =>
        State == LineState.Answered && ValidUntil <= time ? LineState.Expired : State;

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
            || received.Version > existing.FootprintVersion
            || (received.Version == existing.FootprintVersion
                && (existing.State == LineState.Withheld || !existing.Says(received)));
        if (news && existing?.Contradicts(received) != true)
        {
            return [received];
        }

        var reason = received.Version < existing!.FootprintVersion ? "Outdated" : news ? "Contradictory" : "Repeated";
        return [new DisclosureRefused(received.TradeId, reason, sealedStatement, received.ReceivedAt)];
    }

    /// <summary>One version has one total, whatever else of it is shown.</summary>
    private bool Contradicts(UpstreamTotalReceived received) => received.Version == FootprintVersion && Moved(received);

    /// <summary>A total that was read from rounded stages may be off by their last places.</summary>
    private bool Moved(UpstreamTotalReceived received) =>
        Figures is { } known
        && Math.Abs(known.Total - received.Figures.Total)
            > Amount.LastPlace * Math.Max(known.Stages?.Count ?? 0, received.Figures.Stages?.Count ?? 0);

    /// <summary>Every certificate that was shown, with all that is to be said of it, the gravest first.</summary>
    public IEnumerable<(StatedCertificate Certificate, IReadOnlyList<CertificateStanding> Standings)> CertificatesAt(
        DateTimeOffset time)
    {
        var (leftOut, outdated) = (Ids(LeftOutCertificates), Ids(OutdatedCertificates));
        return Certificates.Concat(OutdatedCertificates).Concat(LeftOutCertificates)
            .DistinctBy(one => one.CertificateId).Select(one => (one, Standings(one)));

        // One whose time is over is not shown any more for that reason: nobody has withdrawn it.
        IReadOnlyList<CertificateStanding> Standings(StatedCertificate one) => CertificateStandings.Of(
            leftOut.Contains(one.CertificateId) && one.At(time) != CertificateStanding.Expired,
            !outdated.Contains(one.CertificateId),
            one.At(time));
    }

    private IEnumerable<StatedCertificate> OutdatedBy(UpstreamTotalReceived received) => NotStatedBy(
        received, OutdatedCertificates.Concat(Moved(received) ? Certificates.Concat(LeftOutCertificates) : []));

    private IEnumerable<StatedCertificate> LeftOutBy(UpstreamTotalReceived received) =>
        NotStatedBy(received, LeftOutCertificates.Concat(Moved(received) ? [] : Certificates));

    private static IEnumerable<StatedCertificate> NotStatedBy(
        UpstreamTotalReceived received, IEnumerable<StatedCertificate> certificates)
    {
        var stillStated = Ids(Stated(received));
        return certificates.Where(one => !stillStated.Contains(one.CertificateId))
            .DistinctBy(one => one.CertificateId);
    }

    private static HashSet<Guid> Ids(IEnumerable<StatedCertificate> certificates) =>
        [.. certificates.Select(one => one.CertificateId)];

    private static IEnumerable<StatedCertificate> Stated(UpstreamTotalReceived received) =>
        received.Certificates?.Select(one => one.Certificate) ?? [];

    private bool Says(UpstreamTotalReceived received) =>
        received.KeyId == KeyId
        && received.Figures.Equals(Figures)
        && Certificates.SequenceEqual(Stated(received));

    public static object[] Withhold(UpstreamTotal? existing, TradeId tradeId, TraceId traceId, DateTimeOffset now) =>
        existing is { State: LineState.Withheld } ? [] : [new UpstreamTotalWithheld(tradeId, traceId, now)];
}
