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
        var parts = await op.ManyAsync<Part>(all, Keys.Part, cancellationToken);
        var footprints = await op.ManyAsync<Footprint>(all, Keys.Footprint, cancellationToken);
        var bought = parts.Where(part => part.Kind == PartKind.Bought).Select(part => part.TraceId).ToArray();
        var known = parts.ToDictionary(part => part.TraceId);
        return new(
            known,
            made.Where(id => known.GetValueOrDefault(id)?.Kind == PartKind.Made)
                .ToDictionary(id => id, id => lines.GetValueOrDefault(id, [])),
            footprints.ToDictionary(footprint => footprint.TraceId),
            (await op.UpstreamsAsync(bought, cancellationToken)).ToLookup(upstream => upstream.TraceId));
    }

    /// <summary>All that goes into a made part, over all levels, with every sub-assembly to be rolled up.</summary>
    public static async Task<CompanyRecords> ReadBelowAsync(
        this HostedOperator op, IEnumerable<Guid> parts, DateTimeOffset now, CancellationToken cancellationToken) =>
        await op.ReadAsync(
            await Links.BelowAsync(op.Source, parts, cancellationToken), now, cancellationToken);

    /// <summary>What suppliers have told about bought parts.</summary>
    public static async Task<IReadOnlyList<UpstreamTotal>> UpstreamsAsync(
        this HostedOperator op, IReadOnlyCollection<Guid> bought, CancellationToken cancellationToken) =>
        await op.ManyAsync<UpstreamTotal>(
            await Links.TradesAsync(op.Source, bought, cancellationToken), Keys.Upstream, cancellationToken);

    /// <summary>What counts for a bought part as such: the answer that a line without shares would take.</summary>
    public static async Task<UpstreamTotal?> UpstreamAsync(
        this HostedOperator op, Guid traceId, CancellationToken cancellationToken) =>
        (await op.UpstreamsAsync([traceId], cancellationToken))
            .OrderBy(one => one.State).ThenBy(one => one.TradeId).FirstOrDefault();
}
