using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>What has run out is missing, from that moment and not before.</summary>
public sealed class ExpiryTests
{
    private static readonly DateTimeOffset End = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset LastMoment = End.AddTicks(-1);
    private static readonly ReferencePeriod Year = new(End.AddYears(-1), End);

    private readonly Company _company = new();

    [Fact]
    public void A_suppliers_answer_counts_until_it_runs_out()
    {
        var (made, bought) = (_company.Made("pack"), _company.Bought("cell"));
        var company = _company.Own(made, 1).Contains(made, (bought, 2)).AnswerUntil(bought, 3, End);
        Assert.Equal((7m, true), Total(company.At(LastMoment), made));
        Assert.Equal((1m, false), Total(company.At(End), made));
        Assert.Equal(LineState.Expired, Line(company.At(End), made).State);
        Assert.Null(Line(company.At(End), made).ChildFigures);
    }

    [Fact]
    public void A_typed_figure_counts_until_it_runs_out()
    {
        var (made, bought) = (_company.Made("pack"), _company.Bought("cell"));
        var company = _company.Own(made, 1).Contains(made, (bought, 2)).OwnUntil(bought, 3, End);
        Assert.Equal((7m, true), Total(company.At(LastMoment), made));
        Assert.Equal((1m, false), Total(company.At(End), made));
        Assert.Equal(
            (LineState.Expired, LineOrigin.DataSet),
            (Line(company.At(End), made).State, Line(company.At(End), made).Origin));
    }

    [Fact]
    public void The_own_figure_counts_until_it_runs_out()
    {
        var (made, bought) = (_company.Made("pack"), _company.Bought("cell"));
        var company = _company.OwnUntil(made, 1, End).Contains(made, (bought, 2)).Answer(bought, 3);
        Assert.Equal((7m, true), Total(company.At(LastMoment), made));
        Assert.Equal((6m, false), Total(company.At(End), made));
        Assert.Null(company.At(End).RollUp().Result(made).Own);
    }

    [Fact]
    public void An_answer_that_ran_out_leaves_the_line_to_a_typed_figure_that_holds()
    {
        var (made, bought) = (_company.Made("pack"), _company.Bought("cell"));
        var company = _company.Own(made, 1).Contains(made, (bought, 2)).AnswerUntil(bought, 3, End).Own(bought, 5);
        Assert.Equal((7m, true), Total(company.At(LastMoment), made));
        Assert.Equal((11m, true), Total(company.At(End), made));
    }

    [Fact]
    public void Of_two_suppliers_the_one_whose_answer_holds_counts()
    {
        var (made, bought) = (_company.Made("pack"), _company.Bought("cell"));
        var company = _company.Own(made, 1).Contains(made, (bought, 2)).AnswerUntil(bought, 3, End)
            .Answer(bought, Company.Of(4), trade: new TradeId(Guid.Parse("ffffffff-ffff-7fff-8fff-ffffffffffff")));
        Assert.Equal((7m, true), Total(company.At(LastMoment), made));
        Assert.Equal((9m, true), Total(company.At(End), made));
    }

    [Fact]
    public void What_rests_on_something_incomplete_is_incomplete_over_all_levels()
    {
        var (car, pack, cell) = (_company.Made("car"), _company.Made("pack"), _company.Bought("cell"));
        var company = _company.Own(car, 10).Own(pack, 5).Contains(car, (pack, 1)).Contains(pack, (cell, 1))
            .AnswerUntil(cell, 3, End);
        Assert.Equal((18m, true), Total(company.At(LastMoment), car));
        Assert.Equal((15m, false), Total(company.At(End), car));
    }

    [Fact]
    public void A_new_period_with_the_same_number_is_a_new_version_and_news_to_customers()
    {
        var first = Declared(Year, null);
        var second = Next(first, new(Year.End, Year.End.AddYears(1)), null);
        Assert.Equal((1L, 2L), (first.FootprintVersion, second.FootprintVersion));
        Assert.Equal(Year.End, second.StandingPeriod!.Start);
        Assert.True(second.IsNewsToOthers(first));
    }

    [Fact]
    public void Another_end_of_validity_is_a_new_version_and_news_to_customers()
    {
        var first = Declared(Year, End.AddYears(1));
        var second = Next(first, Year, End.AddYears(2));
        Assert.Equal(2, second.FootprintVersion);
        Assert.True(second.IsNewsToOthers(first));
    }

    [Theory]
    [InlineData("ratings")]
    [InlineData("primary share")]
    [InlineData("component")]
    [InlineData("completeness")]
    [InlineData("stage")]
    public void Whatever_else_reaches_a_customer_makes_a_new_version_with_the_same_number(string what)
    {
        var first = Declared(Year, null);
        var (stage, rating) = (LifeCycleStage.MainProduction, Rating.Of(3, 1, 2, 3));
        var event2 = Event(first.TraceId, Year, null);
        var next = Footprint.Evolve(first, what switch
        {
            "ratings" => event2 with { Stages = [new(stage, 3, rating)] },
            "primary share" => event2 with { PrimaryShare = 0.5m },
            "component" => event2 with { Components = [new(FigureComponent.Fossil, 2)] },
            "stage" => event2 with { Stages = [new(LifeCycleStage.RawMaterial, 1), new(stage, 2)] },
            _ => event2,
        })!;
        var second = next.RollUp(new(next.Contribution, what != "completeness", next.Contribution, []), End)
            .Aggregate(next, (footprint, e) => Footprint.Evolve(footprint, e)!);

        Assert.Equal(3, second.Figures!.Total);
        Assert.Equal(2, second.FootprintVersion);
        Assert.True(second.IsNewsToOthers(first));
    }

    [Fact]
    public void The_same_again_is_no_new_version()
    {
        var first = Declared(Year, End.AddYears(1));
        Assert.Empty(first.RollUp(new(first.Figures, true, first.Contribution, []), End.AddDays(1)));
    }

    [Fact]
    public void Nothing_new_is_said_of_a_retired_part_nor_made_of_it()
    {
        var (parent, child) = (Registered(PartKind.Made), Registered(PartKind.Bought));
        var lines = new[] { new BillOfMaterialsLine(child.TraceId, 1, "kilogram") };
        Assert.NotEmpty(Declare(parent, child));
        Assert.Equal(RefusalReason.PartRetired, Refusal(() => Declare(parent with { Retired = true }, child)));
        Assert.Equal(RefusalReason.PartRetired, Refusal(() => Declare(parent, child with { Retired = true })));
        Assert.Equal(
            RefusalReason.PartRetired,
            Refusal(() => Footprint.Declare(null, parent with { Retired = true }, Event(parent.TraceId, Year, null))));
        Assert.Equal(
            RefusalReason.PartRetired,
            Refusal(() => Footprint.RequireApproval(null, parent with { Retired = true }, true, End)));

        object[] Declare(Part above, Part below) => BillOfMaterials.Declare(
            null, above, lines, null, _ => below, new(_ => null), End);
    }

    private static RefusalReason Refusal(Func<object> act) => Assert.Throws<RefusedException>(() => { act(); }).Reason;

    private static Part Registered(PartKind kind) => new(Any.Part(), "part", kind, "kilogram", End);

    private static ContributionDeclared Event(TraceId part, ReferencePeriod period, DateTimeOffset? until) =>
        new(part, [new(LifeCycleStage.MainProduction, 3)], period, End, ValidUntil: until);

    private static Footprint Declared(ReferencePeriod period, DateTimeOffset? until) =>
        RolledUp(Footprint.Evolve(null, Event(Any.Part(), period, until))!);

    private static Footprint Next(Footprint before, ReferencePeriod period, DateTimeOffset? until) =>
        RolledUp(Footprint.Evolve(before, Event(before.TraceId, period, until))!);

    private static Footprint RolledUp(Footprint declared) =>
        declared.RollUp(new(declared.Contribution, true, declared.Contribution, []), End)
            .Aggregate(declared, (footprint, e) => Footprint.Evolve(footprint, e)!);

    private static (decimal Total, bool Complete) Total(Company company, TraceId part)
    {
        var result = company.RollUp().Result(part);
        return (result.Figures!.Total, result.Complete);
    }

    private static RollUpLine Line(Company company, TraceId part) => Assert.Single(company.RollUp().Result(part).Lines);
}
