using Traceability.Domain.Footprints.RollUp;

namespace Traceability.Domain.Footprints;

/// <summary>What of a footprint changed.</summary>
public enum ChangeKind
{
    /// <summary>The operator's own contribution.</summary>
    OwnContribution = 1,

    /// <summary>What one unit of a child emits.</summary>
    ChildFigure = 2,

    /// <summary>How much of a child goes in, or the share of its supplier.</summary>
    ChildAmount = 3,

    /// <summary>A line that was not there before.</summary>
    LineAdded = 4,

    /// <summary>A line that is no more.</summary>
    LineRemoved = 5,
}

/// <summary>One cause and its effect: "pack +1.2 kg because cell 3.1 -> 3.2".</summary>
/// <param name="Kind">What changed.</param>
/// <param name="ChildTraceId">The line's part; null for the own contribution.</param>
/// <param name="TradeId">The trade that answers the line.</param>
/// <param name="Before">Figure or amount before; null if there was none, which is not zero.</param>
/// <param name="After">Figure or amount now.</param>
/// <param name="Effect">On the total, in kilogram CO2e per declared unit.</param>
public sealed record FootprintChange(
    ChangeKind Kind, TraceId? ChildTraceId, TradeId? TradeId, decimal? Before, decimal? After, decimal Effect);

/// <summary>A total and what went into it, to be compared.</summary>
public sealed record TotalOfInputs(Figures? Figures, bool Complete, Figures? Own, IReadOnlyList<RollUpInput> Inputs)
{
    public static TotalOfInputs Nothing { get; } = new(null, false, null, []);

    public static TotalOfInputs Of(FootprintRolledUp e) => new(e.Figures, e.Complete, e.Own, e.Inputs);

    public static TotalOfInputs Of(RollUpResult result) => new(
        result.Figures, result.Complete, result.Own, [.. result.Lines.Select(line => line.ToInput())]);
}

/// <summary>Why one total differs from another. The effects add up to the difference exactly.</summary>
public static class Comparison
{
    public static IReadOnlyList<FootprintChange> Of(TotalOfInputs before, TotalOfInputs after)
    {
        List<FootprintChange> changes = [];
        var (own, ownNow) = (before.Own?.Total, after.Own?.Total);
        if (own != ownNow)
        {
            changes.Add(new(ChangeKind.OwnContribution, null, null, own, ownNow, (ownNow ?? 0) - (own ?? 0)));
        }

        var (was, now) = (ByLine(before.Inputs), ByLine(after.Inputs));
        foreach (var line in was.Keys.Union(now.Keys))
        {
            changes.AddRange(OfLine(was.GetValueOrDefault(line), now.GetValueOrDefault(line)));
        }

        return changes;
    }

    private static IEnumerable<FootprintChange> OfLine(RollUpInput? was, RollUpInput? now)
    {
        if (was is null || now is null)
        {
            var line = (was ?? now)!;
            yield return new(
                was is null ? ChangeKind.LineAdded : ChangeKind.LineRemoved, line.ChildTraceId, line.TradeId,
                was?.ChildTotal, now?.ChildTotal, Adds(now) - Adds(was));
            yield break;
        }

        // Of two changes at once the amount counts at the old figure, the figure at the new amount: both are exact.
        var amountEffect = (now.Amount - was.Amount) * was.ChildTotal ?? 0;
        if (was.Amount != now.Amount)
        {
            yield return new(
                ChangeKind.ChildAmount, now.ChildTraceId, now.TradeId, was.Amount, now.Amount, amountEffect);
        }

        if (was.ChildTotal != now.ChildTotal)
        {
            yield return new(
                ChangeKind.ChildFigure, now.ChildTraceId, now.TradeId, was.ChildTotal, now.ChildTotal,
                Adds(now) - Adds(was) - amountEffect);
        }
    }

    private static decimal Adds(RollUpInput? input) => input?.Amount * input?.ChildTotal ?? 0;

    /// <summary>A supplier who answers where a data set stood is the same line, not another.</summary>
    private static Dictionary<(TraceId, int), RollUpInput> ByLine(IReadOnlyList<RollUpInput> inputs) => inputs
        .GroupBy(input => input.ChildTraceId)
        .SelectMany(group => group.Select((input, index) => (Key: (group.Key, index), Input: input)))
        .ToDictionary(pair => pair.Key, pair => pair.Input);
}
