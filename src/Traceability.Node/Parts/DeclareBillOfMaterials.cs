using Traceability.Domain.Parts;
using Traceability.Node.Operators;

namespace Traceability.Node.Parts;

/// <summary>What goes into one declared unit of a made part, at once or from a later time on.</summary>
/// <param name="Parent">The made part.</param>
/// <param name="Lines">All that goes in.</param>
/// <param name="ValidFrom">From when on; null: at once.</param>
/// <param name="Etag">The bill as the caller has read it; null: any.</param>
internal sealed record DeclareBillOfMaterials(
    TraceId Parent, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset? ValidFrom = null, long? Etag = null)
    : IAct<Decided<BillOfMaterials>>
{
    public async Task<Decided<BillOfMaterials>> HandleAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        var children = Lines.Select(line => line.ChildTraceId).ToArray();
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(children.Append(Parent).Select(StreamNames.Part)),
            Fetch.ToDecide<BillOfMaterials>(StreamNames.BillOfMaterials(Parent)));
        var parent = session.KnownPart(Parent);
        var bills = await FetchBelowAsync(session, children, cancellationToken);
        var decided = await session.DecideAsync<BillOfMaterials>(
            StreamNames.BillOfMaterials(Parent),
            existing => BillOfMaterials.Declare(
                existing,
                parent,
                Lines,
                ValidFrom,
                id => session.Known<Part>(StreamNames.Part(id)),
                new(id => id == Parent ? existing : bills.GetValueOrDefault(id)),
                session.Now),
            Etag,
            cancellationToken);
        if (decided.Events.Count == 0)
        {
            return decided;
        }

        if (ValidFrom > session.Now)
        {
            session.TouchAt(Parent, ValidFrom);
        }
        else
        {
            session.Touch(Parent);
        }

        return decided;
    }

    /// <summary>
    /// All that the children are made of, level by level, in all versions: any of it may lead back to the parent.
    /// </summary>
    private static async Task<Dictionary<TraceId, BillOfMaterials>> FetchBelowAsync(
        OperatorSession session, IEnumerable<TraceId> children, CancellationToken cancellationToken)
    {
        Dictionary<TraceId, BillOfMaterials> bills = [];
        HashSet<TraceId> seen = [.. children];
        for (IReadOnlyCollection<TraceId> level = [.. seen]; level.Count > 0;)
        {
            await session.FetchAsync(
                cancellationToken, Fetch.Of<BillOfMaterials>(level.Select(StreamNames.BillOfMaterials)));
            BillOfMaterials[] found =
            [
                .. level.Select(id => session.Known<BillOfMaterials>(StreamNames.BillOfMaterials(id)))
                    .OfType<BillOfMaterials>(),
            ];
            level =
            [
                .. found.SelectMany(bill => bill.Versions).SelectMany(version => version.Lines)
                    .Select(line => line.ChildTraceId).Where(seen.Add),
            ];
            foreach (var bill in found)
            {
                bills.Add(bill.ParentTraceId, bill);
            }
        }

        return bills;
    }
}
