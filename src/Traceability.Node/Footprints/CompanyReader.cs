using Marten;
using Npgsql;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;

namespace Traceability.Node.Footprints;

/// <summary>Reads what a roll-up needs, in two round trips whatever the size.</summary>
internal static class CompanyReader
{
    /// <summary>
    /// The records for rolling up some made parts: their lines, and what goes into them directly as it stands.
    /// </summary>
    public static async Task<CompanyRecords> ReadAsync(
        IQuerySession session, NpgsqlConnection connection, IReadOnlyCollection<TraceId> made, DateTimeOffset now,
        CancellationToken cancellationToken) => await ReadAsync(
            session, await PartLinks.AroundAsync(connection, made, cancellationToken), now, cancellationToken);

    /// <summary>All that goes into a made part, over all levels, with every sub-assembly to be rolled up.</summary>
    public static async Task<CompanyRecords> ReadBelowAsync(
        IQuerySession session, NpgsqlConnection connection, IEnumerable<TraceId> parts, DateTimeOffset now,
        CancellationToken cancellationToken) => await ReadAsync(
            session, await PartLinks.BelowAsync(connection, parts, cancellationToken), now, cancellationToken);

    /// <summary>As an act sees it.</summary>
    public static async Task<CompanyRecords> ReadAsync(
        OperatorSession session, Surroundings around, CancellationToken cancellationToken)
    {
        TraceId[] all = [.. around.Parts.Union(around.Children)];
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<BillOfMaterials>(around.Parts.Select(StreamNames.BillOfMaterials)),
            Fetch.Of<Part>(all.Select(StreamNames.Part)),
            Fetch.ToDecide<Footprint>(around.Parts.Select(StreamNames.Footprint)),
            Fetch.Of<Footprint>(around.Children.Except(around.Parts).Select(StreamNames.Footprint)),
            Fetch.Of<UpstreamTotal>(around.Trades.Select(StreamNames.Upstream)));
        return Records(
            around,
            around.Parts.Select(id => session.Known<BillOfMaterials>(StreamNames.BillOfMaterials(id))),
            all.Select(id => session.Known<Part>(StreamNames.Part(id))),
            all.Select(id => session.Known<Footprint>(StreamNames.Footprint(id))),
            around.Trades.Select(id => session.Known<UpstreamTotal>(StreamNames.Upstream(id))),
            session.Now);
    }

    private static async Task<CompanyRecords> ReadAsync(
        IQuerySession session, Surroundings around, DateTimeOffset now, CancellationToken cancellationToken)
    {
        TraceId[] all = [.. around.Parts.Union(around.Children)];
        var batch = session.CreateBatchQuery();
        var bills = batch.LoadMany<BillOfMaterials>().ById([.. around.Parts.Select(StreamNames.BillOfMaterials)]);
        var parts = batch.LoadMany<Part>().ById([.. all.Select(StreamNames.Part)]);
        var footprints = batch.LoadMany<Footprint>().ById([.. all.Select(StreamNames.Footprint)]);
        var upstreams = batch.LoadMany<UpstreamTotal>().ById([.. around.Trades.Select(StreamNames.Upstream)]);
        await batch.Execute(cancellationToken);
        return Records(around, await bills, await parts, await footprints, await upstreams, now);
    }

    private static CompanyRecords Records(
        Surroundings around, IEnumerable<BillOfMaterials?> bills, IEnumerable<Part?> parts,
        IEnumerable<Footprint?> footprints, IEnumerable<UpstreamTotal?> upstreams, DateTimeOffset now)
    {
        var known = parts.OfType<Part>().ToDictionary(part => part.TraceId);
        var lines = bills.OfType<BillOfMaterials>()
            .ToDictionary(bill => bill.ParentTraceId, bill => bill.At(now)?.Lines ?? []);
        return new(
            known,
            around.Parts.Where(id => known.GetValueOrDefault(id)?.Kind == PartKind.Made)
                .ToDictionary(id => id, id => lines.GetValueOrDefault(id, [])),
            footprints.OfType<Footprint>().ToDictionary(footprint => footprint.TraceId),
            upstreams.OfType<UpstreamTotal>().OrderBy(upstream => upstream.TradeId)
                .ToLookup(upstream => upstream.TraceId),
            now);
    }
}
