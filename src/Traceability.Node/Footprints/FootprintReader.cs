using Marten;
using Traceability.Domain.Certificates;
using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Domain.Trades;
using Traceability.Node.Companies;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>A part's footprint as it stands, with everything a person asks about it.</summary>
internal static class FootprintReader
{
    public static async Task<Wire.Footprint> FootprintAsync(
        this HostedOperator op, Part part, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var snapshot = await op.Database.SnapshotAsync(cancellationToken);
        var zone = await snapshot.Session.ZoneAsync(op.OperatorId, now, cancellationToken);
        return part.Kind == PartKind.Bought
            ? await BoughtAsync(snapshot, part, zone, now, cancellationToken)
            : await MadeAsync(snapshot, part, zone, now, cancellationToken);
    }

    /// <summary>Every version of a made part's footprint, oldest first.</summary>
    public static async Task<IReadOnlyList<FootprintRolledUp>> VersionsAsync(
        this HostedOperator op, TraceId traceId, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        var events = await session.Events.FetchStreamAsync(StreamNames.Footprint(traceId), token: cancellationToken);
        return [.. events.Select(e => e.Data).OfType<FootprintRolledUp>()];
    }

    private static Footprint? In(TimeZoneInfo zone, Footprint? footprint) =>
        footprint is null ? null : zone.At(footprint);

    private static async Task<Wire.Footprint> BoughtAsync(
        Snapshot snapshot, Part part, TimeZoneInfo zone, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var trades = await PartLinks.TradesAboutAsync(snapshot.Connection, [part.TraceId], cancellationToken);
        var batch = snapshot.Session.CreateBatchQuery();
        var upstreams = batch.LoadMany<UpstreamTotal>()
            .ById([.. trades.Select(trade => StreamNames.Upstream(trade.TradeId))]);
        var typed = batch.Load<Footprint>(StreamNames.Footprint(part.TraceId));
        await batch.Execute(cancellationToken);
        return FootprintMapping.OfBought(part, UpstreamTotal.Best(await upstreams, now), In(zone, await typed), now);
    }

    private static async Task<Wire.Footprint> MadeAsync(
        Snapshot snapshot, Part part, TimeZoneInfo zone, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var records = await CompanyReader.ReadAsync(
            snapshot.Session, snapshot.Connection, [part.TraceId], now, cancellationToken);
        var certificates = await snapshot.Session.Query<Certificate>().Where(one => one.TraceId == part.TraceId)
            .OrderBy(one => one.Id).ToListAsync(cancellationToken);
        var footprint = records.Footprints.GetValueOrDefault(part.TraceId) ?? Footprint.Unknown(part.TraceId);
        var wire = FootprintMapping.OfMade(
            part, zone.At(footprint), CompanyRollUp.Of(records).Result(part.TraceId),
            Comparison.Of(footprint.Before, footprint.Standing));
        if (footprint.Proposal is { } proposal)
        {
            var proposed = new TotalOfInputs(proposal.Figures, proposal.Complete, proposal.Own, proposal.Inputs);
            wire.Proposal.Changes.AddRange(Comparison.Of(footprint.Standing, proposed).Select(FootprintMapping.ToWire));
        }

        wire.Certificates.AddRange(certificates.Select(
            one => FootprintMapping.ToWire(one, footprint, now)));
        await NameRequestsAsync(snapshot, wire, cancellationToken);
        return wire;
    }

    /// <summary>Where nobody has answered yet, the request that is open says whom to remind.</summary>
    private static async Task NameRequestsAsync(
        Snapshot snapshot, Wire.Footprint footprint, CancellationToken cancellationToken)
    {
        var unanswered = footprint.Coverage.Missing
            .Where(missing => missing.TradeId.Length == 0 && missing.TraceId != footprint.TraceId)
            .ToLookup(missing => new TraceId(Guid.Parse(missing.TraceId)));
        if (unanswered.Count == 0)
        {
            return;
        }

        var about = await PartLinks.TradesAboutAsync(
            snapshot.Connection, unanswered.Select(part => part.Key), cancellationToken);
        var trades = await snapshot.Session.LoadManyAsync<Trade>(
            cancellationToken, [.. about.Select(one => StreamNames.Trade(one.TradeId))]);
        var open = trades.Where(trade => trade is { IsOpen: true, DownstreamTraceId: not null })
            .OrderBy(trade => trade.TradeId).ToLookup(trade => trade.DownstreamTraceId!.Value);
        foreach (var part in unanswered.Where(part => open.Contains(part.Key)))
        {
            part.ToList().ForEach(missing => missing.TradeId = $"{open[part.Key].First().TradeId}");
        }
    }

    /// <summary>What led from the version before to this one.</summary>
    public static IReadOnlyList<FootprintChange> Changes(IReadOnlyList<FootprintRolledUp> versions, long version) =>
        version == 0 ? [] : Comparison.Of(Version(versions, version - 1), Version(versions, version));

    public static TotalOfInputs Version(IReadOnlyList<FootprintRolledUp> versions, long version) =>
        version == 0 ? TotalOfInputs.Nothing : TotalOfInputs.Of(versions[(int)version - 1]);
}
