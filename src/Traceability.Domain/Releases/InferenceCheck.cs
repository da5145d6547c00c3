using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;

namespace Traceability.Domain.Releases;

/// <summary>Something that a customer could work out beyond the figure itself.</summary>
/// <param name="Code">Its name for programs.</param>
/// <param name="Explanation">For the supplier, in words.</param>
/// <param name="ChildTraceId">The input it is about, if it is about one.</param>
public sealed record InferenceFinding(string Code, string Explanation, TraceId? ChildTraceId);

/// <summary>What the supplier's node knows that bears on it.</summary>
/// <param name="Fields">What would be shown.</param>
/// <param name="BuyerId">To whom.</param>
/// <param name="Result">The part's lines and own contribution.</param>
/// <param name="SupplierOf">Who answers the trade of a line.</param>
/// <param name="Changes">What led from the version before to this one; none if the customer has not seen
/// another.</param>
public sealed record InferenceCase(
    IReadOnlyList<FootprintField> Fields, OperatorId BuyerId, RollUpResult Result, Func<TradeId,
    OperatorId?> SupplierOf,
    IReadOnlyList<FootprintChange> Changes);

/// <summary>
/// Before a figure goes out: could the customer work out something else from it? It can only tell what this company
/// knows; who else buys from its suppliers it does not.
/// </summary>
public static class InferenceCheck
{
    public const string SingleSupplier = "single_supplier";
    public const string VersionDifference = "version_difference";
    public const string CustomerIsSupplier = "customer_is_supplier";
    public const string StagesNameInput = "stages_name_input";

    public static IReadOnlyList<string> Codes { get; } =
        [SingleSupplier, VersionDifference, CustomerIsSupplier, StagesNameInput];

    public static IReadOnlyList<InferenceFinding> Of(InferenceCase asked)
    {
        var lines = asked.Result.Lines;
        List<InferenceFinding> findings = [];
        if (lines is [{ Origin: LineOrigin.Supplier } only])
        {
            findings.Add(new(
                SingleSupplier,
                "The part has one bought input. Who can estimate your own contribution knows the supplier's total.",
                only.ChildTraceId));
        }

        findings.AddRange(lines.Where(line => line.TradeId is { } trade && asked.SupplierOf(trade) == asked.BuyerId)
            .Select(line => new InferenceFinding(
                CustomerIsSupplier,
                "The customer supplies this input itself: it knows its figure, and can subtract it.",
                line.ChildTraceId)));
        if (asked.Changes is [{ ChildTraceId: { } changed } change] && change.Kind == ChangeKind.ChildFigure)
        {
            findings.Add(new(
                VersionDifference,
                "Only one input has changed since the version before: the difference tells its change exactly.",
                changed));
        }

        if (asked.Fields.Contains(FootprintField.Stages))
        {
            findings.AddRange(StagesOfOneInput(asked.Result));
        }

        return findings;
    }

    private static IEnumerable<InferenceFinding> StagesOfOneInput(RollUpResult result)
    {
        foreach (var stage in Enum.GetValues<LifeCycleStage>())
        {
            var inputs = result.Lines.Where(line => AmountOf(line.Figures, stage) != 0).ToArray();
            if (inputs is [{ Origin: LineOrigin.Supplier } one] && AmountOf(result.Own, stage) == 0)
            {
                yield return new(
                    StagesNameInput,
                    $"All of the stage {stage} comes from one bought input: showing stages shows its figure.",
                    one.ChildTraceId);
            }
        }
    }

    private static decimal AmountOf(Figures? figures, LifeCycleStage stage) =>
        figures?.Stages?.FirstOrDefault(figure => figure.Stage == stage)?.Amount ?? 0;
}

/// <summary>What a node does with findings.</summary>
public enum InferenceMode
{
    /// <summary>Shows them, and grants.</summary>
    Warn = 1,

    /// <summary>Wants them accepted.</summary>
    Consent = 2,

    /// <summary>Refuses.</summary>
    Block = 3,
}

/// <summary>Whether findings stand in the way.</summary>
public static class InferenceRule
{
    public static void Check(
        InferenceMode mode, IReadOnlyList<InferenceFinding> findings, IReadOnlyList<string> accepted)
    {
        var open = mode switch
        {
            InferenceMode.Warn => [],
            InferenceMode.Consent => findings.Where(finding => !accepted.Contains(finding.Code)).ToArray(),
            _ => findings,
        };
        if (open.Count == 0)
        {
            return;
        }

        var codes = string.Join(", ", open.Select(finding => finding.Code).Distinct());
        throw new RefusedException(
            RefusalReason.InferenceRisk,
            mode == InferenceMode.Block
                ? $"The customer could work out more than the figure ({codes}), and this node does not allow that."
                : $"The customer could work out more than the figure ({codes}); name these findings to accept them.",
            ("findings", codes));
    }
}
