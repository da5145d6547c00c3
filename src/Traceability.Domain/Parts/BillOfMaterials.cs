using Traceability.Domain.Quantities;

namespace Traceability.Domain.Parts;

/// <summary>What goes into one declared unit of the parent was said for the first time.</summary>
public record BillOfMaterialsDeclared(
    Guid ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset DeclaredAt,
    DateTimeOffset? ValidFrom = null);

/// <summary>What goes into one declared unit of the parent was said anew.</summary>
public record BillOfMaterialsRevised(
    Guid ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset RevisedAt,
    DateTimeOffset? ValidFrom = null);

/// <summary>
/// How much of a child goes into one declared unit of the parent, in the unit in which it was written. A bought part
/// may come from several suppliers, each with its share.
/// </summary>
public record BillOfMaterialsLine(
    Guid ChildTraceId, decimal Amount, string Unit, IReadOnlyList<SupplierShare>? Suppliers = null)
{
    public Quantity Quantity => new(Amount, Quantities.Unit.Find(Unit)!);

    public virtual bool Equals(BillOfMaterialsLine? other) =>
        other is not null
        && (ChildTraceId, Amount, Unit) == (other.ChildTraceId, other.Amount, other.Unit)
        && (Suppliers ?? []).SequenceEqual(other.Suppliers ?? []);

    public override int GetHashCode() => HashCode.Combine(ChildTraceId, Amount, Unit);
}

/// <summary>What part of a line comes from the supplier of one trade; the shares of a line sum to 1.</summary>
public record SupplierShare(Guid TradeId, decimal Share);

/// <summary>One declaration. It is in force from its time until that of a later one.</summary>
public record BillVersion(long Version, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset ValidFrom);

/// <summary>What goes into one declared unit of a made part, over time.</summary>
public record BillOfMaterials(
    Guid ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, long Version, DateTimeOffset DeclaredAt)
{
    /// <summary>The key of the stream, set by the store.</summary>
    public string Id { get; init; } = "";

    /// <summary>All declarations, oldest first. Lines and Version are those of the last one.</summary>
    public IReadOnlyList<BillVersion> Versions { get; init; } = [];

    /// <summary>A screen of lines is read by people, more comes from a system that can make sub-assemblies.</summary>
    public const int MaxLines = 1000;

    public static BillOfMaterials? Evolve(BillOfMaterials? bill, object e) => e switch
    {
        BillOfMaterialsDeclared d => Next(bill, d.ParentTraceId, d.Lines, d.DeclaredAt, d.ValidFrom),
        BillOfMaterialsRevised r => Next(bill, r.ParentTraceId, r.Lines, r.RevisedAt, r.ValidFrom),
        _ => bill,
    };

    /// <summary>
    /// The declaration in force: of those that have begun, the one that begins last, then the newest.
    /// </summary>
    public BillVersion? At(DateTimeOffset time) => Versions.Where(version => version.ValidFrom <= time)
        .OrderBy(version => version.ValidFrom).ThenBy(version => version.Version).LastOrDefault();

    /// <summary>The events that make the declaration true; none if it already is.</summary>
    /// <param name="existing">The bill as it stands.</param>
    /// <param name="parent">A made part.</param>
    /// <param name="lines">What goes in.</param>
    /// <param name="validFrom">From when on; null: at once.</param>
    /// <param name="parts">The parts that the lines name, as far as the operator has them.</param>
    /// <param name="childrenOf">What goes into a part today, for finding cycles.</param>
    /// <param name="now">The time.</param>
    public static object[] Declare(
        BillOfMaterials? existing,
        Part parent,
        IReadOnlyList<BillOfMaterialsLine> lines,
        DateTimeOffset? validFrom,
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
            if (line.Suppliers is { Count: > 0 })
            {
                child.MustBe(PartKind.Bought);
            }
        }

        RefuseCycles(parent.TraceId, lines, childrenOf);
        var last = existing?.Versions[^1];
        var same = last is not null && last.Lines.SequenceEqual(lines)
            && (validFrom is null ? last.ValidFrom <= now : last.ValidFrom == validFrom);
        return (existing, same) switch
        {
            (null, _) => [new BillOfMaterialsDeclared(parent.TraceId, lines, now, validFrom)],
            (_, true) => [],
            _ => [new BillOfMaterialsRevised(parent.TraceId, lines, now, validFrom)],
        };
    }

    private static BillOfMaterials Next(
        BillOfMaterials? bill, Guid parent, IReadOnlyList<BillOfMaterialsLine> lines, DateTimeOffset at,
        DateTimeOffset? validFrom)
    {
        var version = (bill?.Version ?? 0) + 1;
        return new(parent, lines, version, at)
        {
            Versions = [.. bill?.Versions ?? [], new(version, lines, validFrom ?? at)],
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
