using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class RollUpTests
{
    private static readonly Company Company = new();
    private static readonly TraceId Module = Company.Made("module");
    private static readonly TraceId Cell = Company.Bought("cell");
    private static readonly TraceId Foil = Company.Bought("foil");
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Three_and_five_and_ten_are_eighteen()
    {
        var b = Module8(Company.Own(Module, 5).Answer(Cell, 3).Contains(Module, (Cell, 1)));
        var c = Module8(Company.Own(Module, 10).Answer(Cell, b.Figures!.Total).Contains(Module, (Cell, 1)));

        Assert.Equal(18m, c.Figures!.Total);
        Assert.True(c.Complete);
    }

    [Fact]
    public void A_silent_supplier_makes_the_total_incomplete_not_lighter_without_saying_so()
    {
        var result = Module8(Company.Own(Module, 5).Answer(Cell, 3).Contains(Module, (Cell, 1), (Foil, 2)));

        Assert.False(result.Complete);
        Assert.Equal(8m, result.Figures!.Total);
        Assert.Null(result.Lines[1].Figures);
        Assert.Equal(LineState.Unanswered, result.Lines[1].State);
    }

    [Fact]
    public void Nothing_known_is_no_figure_and_not_zero() =>
        Assert.Null(Module8(Company.Contains(Module, (Cell, 1))).Figures);

    [Fact]
    public void A_missing_contribution_is_not_zero() =>
        Assert.False(Module8(Company.Answer(Cell, 3).Contains(Module, (Cell, 1))).Complete);

    [Fact]
    public void An_incomplete_child_makes_its_parent_incomplete() => Assert.False(Module8(
        Company.Own(Module, 5).Answer(Cell, Own(3), complete: false).Contains(Module, (Cell, 1))).Complete);

    [Fact]
    public void Declared_zero_is_a_figure() =>
        Assert.Equal(0m, Module8(Company.Own(Module, 0)).Figures!.Total);

    [Fact]
    public void A_figure_of_a_data_set_counts_until_the_supplier_answers()
    {
        var typed = Company.Own(Module, 5).Own(Cell, 1.80m).Contains(Module, (Cell, 1));

        Assert.Equal((6.80m, LineOrigin.DataSet), (Module8(typed).Figures!.Total, Module8(typed).Lines[0].Origin));
        var answered = Module8(typed.Answer(Cell, 1.5m));
        Assert.Equal((6.5m, LineOrigin.Supplier), (answered.Figures!.Total, answered.Lines[0].Origin));
    }

    [Fact]
    public void Grams_of_something_told_per_tonne_are_converted_exactly()
    {
        var line = new BillOfMaterialsLine(Cell, 250m, "gram");

        Assert.Equal(0.75m, Module8(Company.Answer(Cell, Own(3000), unit: "tonne").Contains(Module, line)).Figures!.Total);
    }

    [Fact]
    public void A_line_is_split_over_suppliers_by_share_and_one_that_is_silent_makes_it_incomplete()
    {
        var (first, second) = (Any.Trade(), Any.Trade());
        var line = new BillOfMaterialsLine(Cell, 2, "kilogram", [new(first, 0.6m), new(second, 0.4m)]);
        var one = Company.Own(Module, 1).Answer(Cell, Own(10), trade: first).Contains(Module, line);

        Assert.Equal((13m, false), (Module8(one).Figures!.Total, Module8(one).Complete));
        var both = Module8(one.Answer(Cell, Own(16.25m), trade: second));
        Assert.Equal((26m, true), (both.Figures!.Total, both.Complete));
    }

    [Fact]
    public void Stages_add_up_and_a_child_without_stages_hides_them()
    {
        var staged = Figures.Of([new(LifeCycleStage.RawMaterial, 1m), new(LifeCycleStage.MainProduction, 2m)]);
        var company = Company.Own(Module, 5).Contains(Module, (Cell, 2));

        Assert.Equal(
            Figures.Of([new(LifeCycleStage.RawMaterial, 2m), new(LifeCycleStage.MainProduction, 9m)]),
            Module8(company.Answer(Cell, staged)).Figures);
        Assert.Equal(new Figures(11, null), Module8(company.Answer(Cell, new Figures(3, null))).Figures);
    }

    [Fact]
    public void Ratings_are_means_over_the_rated_share_of_the_emissions()
    {
        var rated = Figures.Of([new(LifeCycleStage.RawMaterial, 4, Rating.Of(4, 1, 2, 3))], primaryShare: 0.5m);
        var own = Figures.Of([new(LifeCycleStage.RawMaterial, 4, Rating.Of(4, 3, 2, 1))], primaryShare: 1);
        var unrated = Figures.Of([new(LifeCycleStage.RawMaterial, 8)]);

        var result = Module8(Company.Own(Module, own).Answer(Cell, rated).Answer(Foil, unrated)
            .Contains(Module, (Cell, 1), (Foil, 1)));

        var stated = StatedFigures.Of(result.Figures!);
        Assert.Equal(new StatedRating(2, 2, 2, 0.5m), stated.Rating);
        Assert.Equal(new StatedRating(2, 2, 2, 0.5m), stated.Stages!.Single().Rating);
        Assert.Equal(new StatedPrimary(0.75m, 0.5m), stated.Primary);
    }

    [Fact]
    public void A_split_that_one_input_lacks_is_not_shown_and_credits_are_never_netted()
    {
        var own = Figures.Of(
            [new(LifeCycleStage.RawMaterial, 4)],
            components: [new(FigureComponent.Fossil, 3), new(FigureComponent.Direct, 2), new(FigureComponent.Credit, 1)]);
        var child = Figures.Of([new(LifeCycleStage.RawMaterial, 6)], components: [new(FigureComponent.Direct, 1)]);

        var result = Module8(Company.Own(Module, own).Answer(Cell, child).Contains(Module, (Cell, 1)));

        Assert.Equal(10m, result.Figures!.Total);
        Assert.Equal(
            [new(FigureComponent.Direct, 3), new(FigureComponent.Credit, 1)], result.Figures.Components!);
    }

    [Fact]
    public void Hot_spots_add_up_to_the_total()
    {
        var pack = Company.Made("pack");
        var company = Company.Own(Module, 5).Own(pack, 10).Answer(Cell, 3).Own(Foil, 2)
            .Contains(Module, (Cell, 4)).Contains(pack, (Module, 2), (Foil, 3));

        var spots = company.RollUp().HotSpots(pack);

        Assert.Equal([24m, 10m, 10m, 6m], spots.Select(spot => spot.Amount));
        Assert.Equal((Cell, 0.48m), (spots[0].TraceId, spots[0].Share));
        Assert.Equal(company.RollUp().Result(pack).Figures!.Total, spots.Sum(spot => spot.Amount));
    }

    [Fact]
    public void The_same_figure_again_is_no_new_version()
    {
        var footprint = Footprint.Unknown(Cell);
        var first = Assert.IsType<FootprintRolledUp>(Assert.Single(footprint.RollUp(Result(Own(3)), Now)));
        footprint = Footprint.Evolve(footprint, first)!;

        Assert.Empty(footprint.RollUp(Result(Own(3.000m)), Now));
        Assert.NotEmpty(footprint.RollUp(Result(Own(3.0000000000001m)), Now));
        Assert.NotEmpty(footprint.RollUp(Result(Own(3)) with { Complete = false }, Now));
    }

    [Fact]
    public void A_change_below_what_leaves_the_company_is_no_news_to_customers()
    {
        var before = Footprint.Unknown(Module) with { Figures = Own(3), Complete = true };

        Assert.False((before with { Figures = Own(3.0000000000001m) }).IsNewsToOthers(before));
        Assert.True((before with { Figures = Own(3.000000000001m) }).IsNewsToOthers(before));
        Assert.True((before with { Complete = false }).IsNewsToOthers(before));
        Assert.True(before.IsNewsToOthers(null));
    }

    [Fact]
    public void A_total_that_needs_approval_waits_and_the_one_before_it_stands()
    {
        var footprint = Fold(
            new FootprintRolledUp(Module, 1, Own(3), true, null, [], Now), new ApprovalRequired(Module, Now));

        var proposed = Assert.IsType<FootprintProposed>(Assert.Single(footprint.RollUp(Result(Own(4)), Now)));
        footprint = Footprint.Evolve(footprint, proposed)!;

        Assert.Equal((3m, 4m), (footprint.Figures!.Total, footprint.Proposal!.Figures!.Total));
        Assert.Empty(footprint.RollUp(Result(Own(4)), Now));
        footprint = footprint.Approve(Now).Aggregate(footprint, (state, e) => Footprint.Evolve(state, e)!);
        Assert.Equal((4m, 2L), (footprint.Figures!.Total, footprint.FootprintVersion));
        Assert.Empty(footprint.Approve(Now));
    }

    [Fact]
    public void A_loop_that_does_not_settle_is_held_until_a_person_has_looked()
    {
        var footprint = Footprint.Unknown(Module);
        var revisions = 0;
        while (footprint.Held is null)
        {
            var events = footprint.RollUp(Result(Own(++revisions)), Now);
            footprint = events.Aggregate(footprint, (state, e) => Footprint.Evolve(state, e)!);
        }

        Assert.Equal((1001, HoldReason.TooManyRevisions), (revisions, footprint.Held));
        Assert.Equal(1000m, footprint.Figures!.Total);
        footprint = footprint.Approve(Now).Aggregate(footprint, (state, e) => Footprint.Evolve(state, e)!);
        Assert.Equal((1001m, null), (footprint.Figures!.Total, footprint.Held));
    }

    [Fact]
    public void A_figure_beyond_all_bounds_is_held_and_never_wraps()
    {
        var footprint = Fold(new FootprintRolledUp(Module, 1, Own(3), true, null, [], Now));
        var lots = Company.Own(Module, 1).Answer(Cell, 999_999_999_999_999m).Contains(Module, (Cell, 999_999_999_999_999m));

        var events = footprint.RollUp(Module8(lots), Now);

        Assert.Equal(HoldReason.TooLarge, Assert.IsType<FootprintHeld>(events[0]).Reason);
    }

    private static Footprint Fold(params object[] events) =>
        events.Aggregate((Footprint?)null, Footprint.Evolve)!;

    private static RollUpResult Module8(Company company) => company.RollUp().Result(Module);

    private static RollUpResult Result(Figures figures) => new(figures, true, figures, []);

    private static Figures Own(decimal amount) => Company.Of(amount);
}
