using Traceability.Domain.Quantities;

namespace Traceability.Domain.Parts;

/// <summary>What goes into one declared unit of the parent was said for the first time.</summary>
public record BillOfMaterialsDeclared(
    Guid ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset DeclaredAt);

/// <summary>What goes into one declared unit of the parent was said anew.</summary>
public record BillOfMaterialsRevised(
    Guid ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset RevisedAt);

/// <summary>
/// How much of a child goes into one declared unit of the parent, in the unit in which it was written.
/// </summary>
public record BillOfMaterialsLine(Guid ChildTraceId, decimal Amount, string Unit)
{
    public Quantity Quantity => new(Amount, Quantities.Unit.Find(Unit)!);
}

/// <summary>What goes into one declared unit of a made part.</summary>
public record BillOfMaterials(
    Guid ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, long Version, DateTimeOffset DeclaredAt)
{
    /// <summary>The key of the stream, set by the store.</summary>
    public string Id { get; init; } = "";

    /// <summary>A screen of lines is read by people, more comes from a system that can make sub-assemblies.</summary>
    public const int MaxLines = 1000;

    public static BillOfMaterials? Evolve(BillOfMaterials? bill, object e) => e switch
    {
        BillOfMaterialsDeclared d => new(d.ParentTraceId, d.Lines, 1, d.DeclaredAt),
        BillOfMaterialsRevised r => new(r.ParentTraceId, r.Lines, bill!.Version + 1, r.RevisedAt),
        _ => bill,
    };

    /// <summary>The events that make the declaration true; none if it already is.</summary>
    /// <param name="parts">The parts that the lines name, as far as the operator has them.</param>
    /// <param name="childrenOf">What goes into a part today, for finding cycles.</param>
    public static object[] Declare(
        BillOfMaterials? existing,
        Part parent,
        IReadOnlyList<BillOfMaterialsLine> lines,
        IReadOnlyDictionary<Guid, Part> parts,
        Func<Guid, IEnumerable<Guid>> childrenOf,
        DateTimeOffset now)
    {
        parent.MustBe(PartKind.Made);
        foreach (var line in lines)
        {
            var child = parts.GetValueOrDefault(line.ChildTraceId)
                ?? throw RefusedException.NotDisclosed("Part", "trace_id", line.ChildTraceId);
            _ = line.Quantity.In(child.Unit);
        }

        RefuseCycles(parent.TraceId, lines, childrenOf);
        return existing switch
        {
            null => [new BillOfMaterialsDeclared(parent.TraceId, lines, now)],
            _ when existing.Lines.SequenceEqual(lines) => [],
            _ => [new BillOfMaterialsRevised(parent.TraceId, lines, now)],
        };
    }

    private static void RefuseCycles(
        Guid parent, IReadOnlyList<BillOfMaterialsLine> lines, Func<Guid, IEnumerable<Guid>> childrenOf)
    {
        // Depth first with the way back remembered: the path is what helps the person who typed it.
        var cameFrom = new Dictionary<Guid, Guid>();
        var open = new Stack<Guid>();
        Visit(parent, lines.Select(line => line.ChildTraceId));
        while (open.TryPop(out var at))
        {
            if (at == parent)
            {
                throw Cycle(parent, cameFrom);
            }

            Visit(at, childrenOf(at));
        }

        void Visit(Guid from, IEnumerable<Guid> children)
        {
            foreach (var child in children.Where(child => cameFrom.TryAdd(child, from)))
            {
                open.Push(child);
            }
        }
    }

    private static RefusedException Cycle(Guid parent, Dictionary<Guid, Guid> cameFrom)
    {
        List<Guid> path = [parent];
        do
        {
            path.Add(cameFrom[path[^1]]);
        }
        while (path[^1] != parent);

        path.Reverse();
        var text = string.Join(" > ", path);
        return new(
            RefusalReason.Cycle,
            $"Part {parent} would go into itself: {text}. Take one of these lines out.",
            ("path", text));
    }
}
