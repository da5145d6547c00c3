using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Xunit;

namespace Traceability.UnitTests.Domain;

/// <summary>What is declared of a part, and what of it is kept.</summary>
public sealed class TypedFigureTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);
    private static readonly Part Bought = new(Any.Part(), "cell", PartKind.Bought, "kilogram", Now);
    private static readonly Part Made = new(Any.Part(), "pack", PartKind.Made, "kilogram", Now);

    [Fact]
    public void A_typed_figure_that_is_taken_back_leaves_a_gap_and_may_be_typed_again()
    {
        var typed = Fold(null, Footprint.Declare(null, Bought, Said(Bought, "set 1")));
        var taken = Fold(typed, Footprint.TakeBack(typed, Bought, Now));
        var company = new Company();
        var (pack, cell) = (company.Made("pack"), company.Bought("cell"));
        company = company.Own(pack, 1).Contains(pack, (cell, 2)).Own(cell, 3);
        var records = company.Records with
        {
            Footprints = new Dictionary<TraceId, Footprint>(company.Records.Footprints) { [cell] = taken },
        };

        Assert.Equal((null, null, null, null), (taken.Contribution, taken.Period, taken.Source, taken.ValidUntil));
        Assert.Equal((7m, true), Total(company.Records));
        Assert.Equal((1m, false), Total(records));
        Assert.Equal(LineState.Unanswered, CompanyRollUp.Of(records).All().Result(pack).Lines.Single().State);
        Assert.IsType<ContributionDeclared>(Assert.Single(Footprint.Declare(taken, Bought, Said(Bought, "set 1"))));

        (decimal?, bool) Total(CompanyRecords known)
        {
            var result = CompanyRollUp.Of(known).All().Result(pack);
            return (result.Figures?.Total, result.Complete);
        }
    }

    [Fact]
    public void What_is_not_typed_is_taken_back_without_an_event_and_an_own_figure_is_not_taken_back()
    {
        Assert.Empty(Footprint.TakeBack(null, Bought, Now));
        var typed = Fold(null, Footprint.Declare(null, Bought, Said(Bought, "set 1")));
        var taken = Fold(typed, Footprint.TakeBack(typed, Bought, Now));
        Assert.Empty(Footprint.TakeBack(taken, Bought, Now));
        var own = Fold(null, Footprint.Declare(null, Made, Said(Made, "")));
        Refusal.Of(RefusalReason.WrongKindOfPart, () => Footprint.TakeBack(own, Made, Now));
        Refusal.Of(RefusalReason.PartRetired, () => Footprint.TakeBack(typed, Bought with { Retired = true }, Now));
    }

    [Fact]
    public void Scores_of_a_stage_of_zero_are_kept_and_another_score_is_news()
    {
        var zero = Fold(null, Footprint.Declare(null, Made, Rated(new(1, 2, 3))));

        Assert.Equal(new Scores(1, 2, 3), zero.Contribution!.Stages!.Single().Scores);
        Assert.Empty(Footprint.Declare(zero, Made, Rated(new(1, 2, 3))));
        Assert.Single(Footprint.Declare(zero, Made, Rated(new(1, 2, 4))));
        Assert.Single(Footprint.Declare(zero, Made, Rated(null)));
        // They weigh nothing in any sum.
        Assert.Null(StatedFigures.Of(zero.Contribution).Rating);
        Assert.Null(zero.Contribution.Times(2).Stages!.Single().Scores);
    }

    [Fact]
    public void What_was_declared_before_scores_were_kept_is_no_news_without_them()
    {
        var earlier = Fold(null, [Rated(new(1, 2, 3)) with { Stages = [new(LifeCycleStage.Distribution, 0, Rating.Of(0, 1, 2, 3))] }]);

        Assert.Empty(Footprint.Declare(earlier, Made, Rated(null)));
    }

    private static ContributionDeclared Rated(Scores? scores) => Said(Made, "") with
    {
        Stages =
        [
            scores is null
                ? new(LifeCycleStage.Distribution, 0)
                : new(
                    LifeCycleStage.Distribution, 0,
                    Rating.Of(0, scores.Technology, scores.Geography, scores.Time), scores),
        ],
    };

    private static ContributionDeclared Said(Part part, string source) => new(
        part.TraceId, [new(LifeCycleStage.MainProduction, 3)], new(Now, Now.AddYears(1)), Now, null, null,
        source.Length == 0 ? null : source, Now.AddYears(2));

    private static Footprint Fold(Footprint? footprint, object[] events) => events.Aggregate(footprint, Footprint.Evolve)!;
}
