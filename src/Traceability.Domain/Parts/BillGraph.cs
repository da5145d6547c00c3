namespace Traceability.Domain.Parts;

/// <summary>
/// Which part goes into which, now and later: bills of materials have versions that begin at different times, and at
/// none of these times may a part go into itself.
/// </summary>
/// <param name="billOf">All that is declared of a part; null where nothing is.</param>
public sealed class BillGraph(Func<TraceId, BillOfMaterials?> billOf)
{
    /// <summary>Refuses lines that would close a circle at any moment in which they are in force.</summary>
    /// <param name="parent">The part that the lines go into.</param>
    /// <param name="lines">What goes in.</param>
    /// <param name="from">When the lines come into force.</param>
    public void RefuseCircle(TraceId parent, IReadOnlyList<BillOfMaterialsLine> lines, DateTimeOffset from)
    {
        var until = billOf(parent)?.Versions.Select(version => version.ValidFrom).Where(start => start > from)
            .Order().FirstOrDefault(DateTimeOffset.MaxValue) ?? DateTimeOffset.MaxValue;
        foreach (var at in Turns(lines, from, until))
        {
            RefuseCircleAt(parent, lines, at);
        }
    }

    /// <summary>The moments at which the lines, or anything below them, begin to be in force.</summary>
    private IEnumerable<DateTimeOffset> Turns(
        IReadOnlyList<BillOfMaterialsLine> lines, DateTimeOffset from, DateTimeOffset until)
    {
        SortedSet<DateTimeOffset> turns = [];
        HashSet<TraceId> seen = [];
        var open = new Stack<TraceId>(lines.Select(line => line.ChildTraceId));
        while (open.TryPop(out var at))
        {
            if (!seen.Add(at) || billOf(at) is not { } bill)
            {
                continue;
            }

            foreach (var version in bill.Versions)
            {
                turns.Add(version.ValidFrom);
                version.Lines.ToList().ForEach(line => open.Push(line.ChildTraceId));
            }
        }

        return turns.Where(turn => turn > from && turn < until).Prepend(from);
    }

    private void RefuseCircleAt(TraceId parent, IReadOnlyList<BillOfMaterialsLine> lines, DateTimeOffset time)
    {
        // Depth first with the way back remembered: the path is what helps the person who typed it.
        var cameFrom = new Dictionary<TraceId, TraceId>();
        var open = new Stack<TraceId>();
        Visit(parent, lines);
        while (open.TryPop(out var at))
        {
            if (at == parent)
            {
                throw Circle(parent, cameFrom, time);
            }

            Visit(at, billOf(at)?.At(time)?.Lines ?? []);
        }

        void Visit(TraceId from, IEnumerable<BillOfMaterialsLine> into)
        {
            foreach (var child in into.Select(line => line.ChildTraceId).Where(child => cameFrom.TryAdd(child, from)))
            {
                open.Push(child);
            }
        }
    }

    private static RefusedException Circle(
        TraceId parent, Dictionary<TraceId, TraceId> cameFrom, DateTimeOffset time)
    {
        List<TraceId> path = [parent];
        do
        {
            path.Add(cameFrom[path[^1]]);
        }
        while (path[^1] != parent);

        path.Reverse();
        var text = string.Join(" > ", path);
        return new(
            RefusalReason.Cycle,
            $"Part {parent} would go into itself: {text} (from {time:yyyy-MM-dd HH:mm} UTC on). "
            + "Take one of these lines out.",
            ("path", text));
    }
}
