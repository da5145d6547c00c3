using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;

namespace Traceability.Domain.Footprints.RollUp;

/// <summary>Whether a line has a figure. Never zero for "not there".</summary>
public enum LineState
{
    Answered = 1,
    Withheld = 2,
    Unanswered = 3,

    /// <summary>There was a figure, and it has run out: missing, like one that never was.</summary>
    Expired = 4,
}

/// <summary>Who says what a line is worth.</summary>
public enum LineOrigin
{
    /// <summary>The company: it makes the part.</summary>
    Made = 1,

    /// <summary>The supplier, by a signed statement.</summary>
    Supplier = 2,

    /// <summary>A data set, typed in by the company: secondary data.</summary>
    DataSet = 3,
}

/// <summary>What one line, or one supplier's share of it, takes in.</summary>
/// <param name="Declared">The line as it was declared.</param>
/// <param name="TradeId">The trade that answers it, for bought parts.</param>
/// <param name="Origin">Who says what it is worth.</param>
/// <param name="State">Whether there is a figure.</param>
/// <param name="Amount">How much goes into one declared unit of the parent, in the unit of the child's figures.</param>
/// <param name="Unit">What the child's figures are per.</param>
/// <param name="ChildFigures">Per one unit of the child.</param>
/// <param name="Complete">Whether the child's figures are all there is.</param>
/// <param name="Version">Of the child's footprint.</param>
public sealed record RollUpLine(
    BillOfMaterialsLine Declared, TradeId? TradeId, LineOrigin Origin, LineState State, decimal Amount, Unit Unit,
    Figures? ChildFigures, bool Complete, long? Version)
{
    public TraceId ChildTraceId => Declared.ChildTraceId;

    /// <summary>What the line adds to the parent.</summary>
    public Figures? Figures => ChildFigures?.Times(Amount);

    /// <summary>For the record: enough to explain the total, and to compare it with another.</summary>
    public RollUpInput ToInput() => new(
        ChildTraceId, State, Version, TradeId, Origin, Amount, Unit.Name, ChildFigures?.Total, Complete);
}

/// <summary>A made part's emissions, as far as they are known.</summary>
public sealed record RollUpResult(Figures? Figures, bool Complete, Figures? Own, IReadOnlyList<RollUpLine> Lines)
{
    /// <summary>The sum has more digits than a decimal holds, so there is none.</summary>
    public bool Overflowed { get; init; }
}

/// <summary>What contributes how much to a total.</summary>
/// <param name="TraceId">A made part (its own contribution) or a bought one.</param>
/// <param name="TradeId">The trade, if a supplier answered.</param>
/// <param name="Origin">Who says so.</param>
/// <param name="Amount">In kilogram CO2e per declared unit of the total's part.</param>
/// <param name="Share">Of the total that is known.</param>
public sealed record HotSpot(TraceId TraceId, TradeId? TradeId, LineOrigin Origin, decimal Amount, decimal Share);
