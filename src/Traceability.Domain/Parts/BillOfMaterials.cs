using System.Text.Json.Serialization;
using Traceability.Domain.Quantities;

namespace Traceability.Domain.Parts;

/// <summary>What goes into one declared unit of the parent was said for the first time.</summary>
public record BillOfMaterialsDeclared(
    TraceId ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset DeclaredAt,
    DateTimeOffset? ValidFrom = null);

/// <summary>What goes into one declared unit of the parent was said anew.</summary>
public record BillOfMaterialsRevised(
    TraceId ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset RevisedAt,
    DateTimeOffset? ValidFrom = null);

/// <summary>
/// How much of a child goes into one declared unit of the parent, in the unit in which it was written. A bought part
/// may come from several suppliers, each with its share.
/// </summary>
public record BillOfMaterialsLine(
    TraceId ChildTraceId, decimal Amount, string Unit, IReadOnlyList<SupplierShare>? Suppliers = null)
{
    public Quantity Quantity => new(Amount, Quantities.Unit.Find(Unit)!);

    /// <summary>The amount must be one of the child's kind, and only what is bought has suppliers.</summary>
    public void MustFit(Part child)
    {
        _ = Quantity.In(child.Unit);
        if (Suppliers is { Count: > 0 })
        {
            child.MustBe(PartKind.Bought);
        }
    }

    public virtual bool Equals(BillOfMaterialsLine? other) =>
        other is not null
        && (ChildTraceId, Amount, Unit) == (other.ChildTraceId, other.Amount, other.Unit)
        && (Suppliers ?? []).SequenceEqual(other.Suppliers ?? []);

    public override int GetHashCode() => HashCode.Combine(ChildTraceId, Amount, Unit);
}

/// <summary>What part of a line comes from the supplier of one trade; the shares of a line sum to 1.</summary>
public record SupplierShare(TradeId TradeId, decimal Share)
{
    /// <summary>What is wrong with the shares of one line; null if nothing is.</summary>
    public static string? Problem(IReadOnlyCollection<SupplierShare> shares) =>
        shares.Select(one => one.TradeId).Distinct().Count() < shares.Count ? "must name each trade once."
        : shares.Sum(one => one.Share) != 1 || shares.Any(one => one.Share == 0)
            ? "must be shares greater than 0 that sum to 1 exactly."
        : null;
}

/// <summary>One declaration. It is in force from its time until that of a later one.</summary>
public record BillVersion(long Version, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset ValidFrom);

/// <summary>What goes into one declared unit of a made part, over time.</summary>
public record BillOfMaterials(
    TraceId ParentTraceId, IReadOnlyList<BillOfMaterialsLine> Lines, DateTimeOffset DeclaredAt)
    : IState<BillOfMaterials>
{
    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    /// <summary>All declarations, oldest first. Lines and Version are those of the last one.</summary>
    public IReadOnlyList<BillVersion> Versions { get; init; } = [];

    [JsonIgnore]
    public long Version => Versions.Count;

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

    /// <summary>Whether the part goes in at that time.</summary>
    public bool Contains(TraceId child, DateTimeOffset time) =>
        At(time)?.Lines.Any(line => line.ChildTraceId == child) ?? false;

    /// <summary>Whether the part goes in at that time, or will by what is declared for later.</summary>
    public bool ContainsFrom(TraceId child, DateTimeOffset time) =>
        Contains(child, time)
        || Versions.Any(version => version.ValidFrom > time && Contains(child, version.ValidFrom));

    /// <summary>The events that make the declaration true; none if it already is.</summary>
    /// <param name="existing">The bill as it stands.</param>
    /// <param name="parent">A made part.</param>
    /// <param name="lines">What goes in.</param>
    /// <param name="validFrom">From when on; null: at once.</param>
    /// <param name="partOf">The parts that the lines name; null where the operator has none.</param>
    /// <param name="graph">What goes into what, this bill apart.</param>
    /// <param name="now">The time.</param>
    public static object[] Declare(
        BillOfMaterials? existing,
        Part parent,
        IReadOnlyList<BillOfMaterialsLine> lines,
        DateTimeOffset? validFrom,
        Func<TraceId, Part?> partOf,
        BillGraph graph,
        DateTimeOffset now)
    {
        parent.MustBeInUse();
        parent.MustBe(PartKind.Made);
        var last = existing?.Versions[^1];
        // From now on means until the next that is declared for later: what is in force already stays.
        var same = validFrom is null
            ? existing?.At(now)?.Lines.SequenceEqual(lines) ?? false
            : last is not null && last.Lines.SequenceEqual(lines) && last.ValidFrom == validFrom;
        if (same)
        {
            // Nothing new is said, so nothing new rests on a part that was retired since.
            return [];
        }

        foreach (var line in lines)
        {
            var child = partOf(line.ChildTraceId)
                ?? throw RefusedException.NotDisclosed("Part", "trace_id", line.ChildTraceId);
            child.MustBeInUse();
            line.MustFit(child);
        }

        graph.RefuseCircle(parent.TraceId, lines, validFrom > now ? validFrom.Value : now);
        return existing is null
            ? [new BillOfMaterialsDeclared(parent.TraceId, lines, now, validFrom)]
            : [new BillOfMaterialsRevised(parent.TraceId, lines, now, validFrom)];
    }

    private static BillOfMaterials Next(
        BillOfMaterials? bill, TraceId parent, IReadOnlyList<BillOfMaterialsLine> lines, DateTimeOffset at,
        DateTimeOffset? validFrom)
    {
        var version = (bill?.Version ?? 0) + 1;
        return new(parent, lines, at)
        {
            Versions = [.. bill?.Versions ?? [], new(version, lines, validFrom ?? at)],
        };
    }
}
