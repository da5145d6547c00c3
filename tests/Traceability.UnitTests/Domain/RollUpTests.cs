using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class RollUpTests
{
    private static readonly Guid Cell = Guid.CreateVersion7();
    private static readonly Guid Foil = Guid.CreateVersion7();
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Three_and_five_and_ten_are_eighteen()
    {
        var b = RollUp.Of(Own(5), [Line(Cell, 1)], Children((Cell, Answered(3))));
        var c = RollUp.Of(Own(10), [Line(Cell, 1)], Children((Cell, Answered(b.Figures!.Total))));

        Assert.Equal(18m, c.Figures!.Total);
        Assert.True(c.Complete);
    }

    [Fact]
    public void A_silent_supplier_makes_the_total_incomplete_not_lighter_without_saying_so()
    {
        var silent = new ChildFootprint(Unit.Kilogram, LineState.Unanswered, null, false, null);
        var result = RollUp.Of(Own(5), [Line(Cell, 1), Line(Foil, 2)], Children((Cell, Answered(3)), (Foil, silent)));

        Assert.False(result.Complete);
        Assert.Equal(8m, result.Figures!.Total);
        Assert.Null(result.Lines[1].Figures);
    }

    [Fact]
    public void Nothing_known_is_no_figure_and_not_zero() =>
        Assert.Null(RollUp.Of(null, [], Children()).Figures);

    [Fact]
    public void A_missing_contribution_is_not_zero() =>
        Assert.False(RollUp.Of(null, [Line(Cell, 1)], Children((Cell, Answered(3)))).Complete);

    [Fact]
    public void An_incomplete_child_makes_its_parent_incomplete() => Assert.False(
        RollUp.Of(Own(5), [Line(Cell, 1)], Children((Cell, Answered(3) with { Complete = false }))).Complete);

    [Fact]
    public void Declared_zero_is_a_figure() =>
        Assert.Equal(0m, RollUp.Of(Own(0), [], Children()).Figures!.Total);

    [Fact]
    public void Grams_of_something_declared_per_kilogram_are_converted_exactly()
    {
        var line = new BillOfMaterialsLine(Cell, 250m, "gram");

        Assert.Equal(0.75m, RollUp.Of(null, [line], Children((Cell, Answered(3)))).Figures!.Total);
    }

    [Fact]
    public void Pieces_of_something_declared_per_kilogram_are_refused() => Refusal.Of(
        RefusalReason.UnitsDisagree,
        () => RollUp.Of(null, [new(Cell, 1, "piece")], Children((Cell, Answered(3)))));

    [Fact]
    public void Stages_add_up_and_a_child_without_stages_hides_them()
    {
        var staged = Figures.Of([new(LifeCycleStage.RawMaterial, 1m), new(LifeCycleStage.MainProduction, 2m)]);
        var both = RollUp.Of(Own(5), [Line(Cell, 2)], Children((Cell, Answered(3) with { Figures = staged })));
        var hidden = RollUp.Of(Own(5), [Line(Cell, 2)], Children((Cell, Answered(3) with { Figures = new(3, null) })));

        Assert.Equal(Figures.Of([new(LifeCycleStage.RawMaterial, 2m), new(LifeCycleStage.MainProduction, 9m)]), both.Figures);
        Assert.Equal(new Figures(11, null), hidden.Figures);
    }

    [Fact]
    public void The_same_figure_again_is_no_new_version()
    {
        var footprint = Footprint.Unknown(Cell);
        var first = Assert.IsType<FootprintRolledUp>(Assert.Single(footprint.RollUp(new(Own(3), true, []), Now)));
        footprint = Footprint.Evolve(footprint, first)!;

        Assert.Empty(footprint.RollUp(new(Own(3.0000000000001m), true, []), Now));
        Assert.NotEmpty(footprint.RollUp(new(Own(3.000000000001m), true, []), Now));
        Assert.NotEmpty(footprint.RollUp(new(Own(3), false, []), Now));
    }

    private static Figures Own(decimal amount) => Figures.Of([new(LifeCycleStage.MainProduction, amount)]);

    private static BillOfMaterialsLine Line(Guid child, decimal amount) => new(child, amount, "kilogram");

    private static ChildFootprint Answered(decimal amount) =>
        new(Unit.Kilogram, LineState.Answered, Own(amount), true, 1);

    private static Dictionary<Guid, ChildFootprint> Children(params (Guid Id, ChildFootprint Footprint)[] children) =>
        children.ToDictionary(child => child.Id, child => child.Footprint);
}
