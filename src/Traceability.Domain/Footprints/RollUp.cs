using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;

namespace Traceability.Domain.Footprints;

/// <summary>What is known of a child's emissions per its declared unit.</summary>
public record ChildFootprint(Unit Unit, LineState State, Figures? Figures, bool Complete, long? Version)
{
    public static ChildFootprint Of(Part part, Footprint? footprint) => footprint?.Figures is { } figures
        ? new(part.Unit, LineState.Answered, figures, footprint.Complete, footprint.Version)
        : new(part.Unit, LineState.Unanswered, null, false, null);

    public static ChildFootprint Of(Part part, UpstreamTotal? upstream) => upstream switch
    {
        { State: LineState.Answered } => new(
            part.Unit, LineState.Answered, upstream.Figures, upstream.Complete, upstream.Version),
        { State: LineState.Withheld } => new(part.Unit, LineState.Withheld, null, false, null),
        _ => new(part.Unit, LineState.Unanswered, null, false, null),
    };
}

/// <summary>What one line adds to its parent.</summary>
public record RollUpLine(
    Guid ChildTraceId, Quantity Quantity, LineState State, Figures? Figures, bool Complete, long? Version);

/// <summary>A part's emissions, as far as they are known.</summary>
public record RollUpResult(Figures? Figures, bool Complete, IReadOnlyList<RollUpLine> Lines);

/// <summary>total = own + sum over lines of quantity x child total, per stage, exact.</summary>
public static class RollUp
{
    public static RollUpResult Of(
        Figures? own, IReadOnlyList<BillOfMaterialsLine> lines, IReadOnlyDictionary<Guid, ChildFootprint> children)
    {
        RollUpLine[] added = [.. lines.Select(line => Line(line, children[line.ChildTraceId]))];
        Figures?[] known = [own, .. added.Select(line => line.Figures)];
        var figures = known.OfType<Figures>().ToArray();
        return new(
            figures.Length == 0 ? null : figures.Aggregate((sum, next) => sum.Plus(next)),
            own is not null && added.All(line => line.Complete),
            added);
    }

    private static RollUpLine Line(BillOfMaterialsLine line, ChildFootprint child) => new(
        line.ChildTraceId,
        line.Quantity,
        child.State,
        child.Figures?.Times(line.Quantity.In(child.Unit)),
        child.State == LineState.Answered && child.Complete,
        child.Version);
}
