using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Releases;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class InferenceCheckTests
{
    private static readonly Company Company = new();
    private static readonly TraceId Pack = Company.Made("pack");
    private static readonly TraceId Cell = Company.Bought("cell");
    private static readonly TraceId Foil = Company.Bought("foil");
    private static readonly OperatorId Buyer = Any.Operator();

    [Fact]
    public void A_single_supplier_shows_through_the_total() =>
        Assert.Equal([(InferenceCheck.SingleSupplier, Cell)], Findings(One()));

    [Fact]
    public void Several_inputs_hide_each_other() => Assert.Empty(Findings(Two()));

    [Fact]
    public void A_customer_that_supplies_an_input_can_subtract_it() => Assert.Equal(
        [(InferenceCheck.CustomerIsSupplier, Foil)], Findings(Two(), supplierOf: trade => trade.Value == Foil.Value ? Buyer : null));

    [Fact]
    public void One_changed_input_shows_through_the_difference_of_two_versions() => Assert.Equal(
        [(InferenceCheck.VersionDifference, Foil)],
        Findings(Two(), changes: [new(ChangeKind.ChildFigure, Foil, new(Foil.Value), 2, 3, 1)]));

    [Fact]
    public void A_stage_of_one_input_only_shows_that_input()
    {
        var raw = Figures.Of([new(LifeCycleStage.RawMaterial, 7)]);
        var company = Company.Own(Pack, 10).Answer(Cell, raw).Answer(Foil, 2).Contains(Pack, (Cell, 1), (Foil, 1));

        Assert.Equal([(InferenceCheck.StagesNameInput, Cell)], Findings(company, FootprintField.Stages));
        Assert.Empty(Findings(company));
    }

    [Theory]
    [InlineData(InferenceMode.Warn, false, true)]
    [InlineData(InferenceMode.Consent, false, false)]
    [InlineData(InferenceMode.Consent, true, true)]
    [InlineData(InferenceMode.Block, true, false)]
    public void The_mode_says_whether_findings_stand_in_the_way(InferenceMode mode, bool accepted, bool passes)
    {
        InferenceFinding[] findings = [new(InferenceCheck.SingleSupplier, "", Cell)];
        string[] codes = accepted ? [InferenceCheck.SingleSupplier] : [];

        var refused = Record.Exception(() => InferenceRule.Check(mode, findings, codes)) as RefusedException;

        Assert.Equal(passes, refused is null);
        Assert.Equal(passes ? null : RefusalReason.InferenceRisk, refused?.Reason);
        InferenceRule.Check(mode, [], []);
    }

    private static Company One() => Company.Own(Pack, 10).Answer(Cell, 3).Contains(Pack, (Cell, 1));

    private static Company Two() => Company.Own(Pack, 10).Answer(Cell, 3).Answer(Foil, 2).Contains(Pack, (Cell, 1), (Foil, 1));

    private static IEnumerable<(string, TraceId?)> Findings(
        Company company, FootprintField field = FootprintField.Total, Func<TradeId, OperatorId?>? supplierOf = null,
        IReadOnlyList<FootprintChange>? changes = null) =>
        InferenceCheck.Of(new(
                [field], Buyer, company.RollUp().Result(Pack), supplierOf ?? (_ => null), changes ?? []))
            .Select(finding => (finding.Code, finding.ChildTraceId));
}
