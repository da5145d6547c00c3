using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;
using Traceability.Storage;

namespace Traceability.Node.Footprints;

/// <summary>Reads what a roll-up needs, in a few queries whatever the size.</summary>
internal static class CompanyReader
{
    /// <summary>
    /// The records for rolling up some made parts: their lines, and what goes into them directly as it stands.
    /// </summary>
    public static async Task<CompanyRecords> ReadAsync(
        this HostedOperator op, IReadOnlyCollection<Guid> made, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var bills = await op.ManyAsync<BillOfMaterials>(made, Keys.BillOfMaterials, cancellationToken);
        var lines = bills.ToDictionary(bill => bill.ParentTraceId, bill => bill.At(now)?.Lines ?? []);
        Guid[] all = [.. made.Concat(lines.Values.SelectMany(one => one).Select(line => line.ChildTraceId)).Distinct()];
        // Side by side: each is a round trip.
        var parts = op.ManyAsync<Part>(all, Keys.Part, cancellationToken);
        var footprints = op.ManyAsync<Footprint>(all, Keys.Footprint, cancellationToken);
        var upstreams = op.UpstreamsAsync(all, cancellationToken);
        var known = (await parts).ToDictionary(part => part.TraceId);
        return new(
            known,
            made.Where(id => known.GetValueOrDefault(id)?.Kind == PartKind.Made)
                .ToDictionary(id => id, id => lines.GetValueOrDefault(id, [])),
            (await footprints).ToDictionary(footprint => footprint.TraceId),
            (await upstreams).ToLookup(upstream => upstream.TraceId));
    }

    /// <summary>All that goes into a made part, over all levels, with every sub-assembly to be rolled up.</summary>
    public static async Task<CompanyRecords> ReadBelowAsync(
        this HostedOperator op, IEnumerable<Guid> parts, DateTimeOffset now, CancellationToken cancellationToken) =>
        await op.ReadAsync(
            await Links.BelowAsync(op.Source, parts, cancellationToken), now, cancellationToken);

    /// <summary>What suppliers have told about parts.</summary>
    public static async Task<IReadOnlyList<UpstreamTotal>> UpstreamsAsync(
        this HostedOperator op, IReadOnlyCollection<Guid> parts, CancellationToken cancellationToken) =>
        await op.QueryAsync<UpstreamTotal>(Links.OfTradesAbout("upstream/"), cancellationToken, parts.ToArray());

    /// <summary>What counts for a bought part as such: the answer that a line without shares would take.</summary>
    public static async Task<UpstreamTotal?> UpstreamAsync(
        this HostedOperator op, Guid traceId, CancellationToken cancellationToken) =>
        (await op.UpstreamsAsync([traceId], cancellationToken))
            .OrderBy(one => one.State).ThenBy(one => one.TradeId).FirstOrDefault();
}
