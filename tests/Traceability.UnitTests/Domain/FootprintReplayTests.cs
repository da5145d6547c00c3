using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class FootprintReplayTests
{
    private static readonly TraceId Made = Any.Part();
    private static readonly TraceId Bought = Any.Part();
    private static readonly TradeId Trade = Any.Trade();
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReferencePeriod Year = new(Now.AddYears(-1), Now);
    private static readonly Part Part = new(Made, "module", PartKind.Made, "piece", Now);
    private static readonly Part Input = new(Bought, "cell", PartKind.Bought, "piece", Now);

    private static readonly UpstreamTotalReceived Received = new(
        Trade, Bought, 1, Of(3), true, "piece", null, "presentation", Now);

    private static readonly object[] Facts =
    [
        new ContributionDeclared(Made, [new(LifeCycleStage.MainProduction, 5)], Year, Now),
        new BillOfMaterialsDeclared(Made, [new(Bought, 2, "piece")], Now),
        Received,
    ];

    [Fact]
    public void A_version_comes_out_as_it_was_recorded_and_every_number_has_a_source()
    {
        var version = Assert.Single(Replay([.. Facts, Stored()]));

        Assert.True(version.Agrees);
        Assert.Equal(11, version.Replayed.Figures!.Total);
        Assert.Equal(["event 0", "event 2"], version.Sources.Select(source => source.Source));
        Assert.Equal("presentation", version.Sources[1].Presentation);
    }

    [Fact]
    public void A_total_that_was_changed_does_not_agree() =>
        Assert.False(Assert.Single(Replay([.. Facts, Stored() with { Figures = Of(10) }])).Agrees);

    [Fact]
    public void A_number_that_no_event_said_has_no_source()
    {
        var version = Assert.Single(Replay([.. Facts.Where(e => e is not UpstreamTotalReceived), Stored()]));

        Assert.False(version.Agrees);
        Assert.Null(version.Sources[1].Source);
    }

    [Fact]
    public void What_was_said_later_is_no_source() =>
        Assert.False(Assert.Single(Replay([Facts[0], Facts[1], Stored(), Received])).Agrees);

    [Fact]
    public void A_bill_of_materials_that_came_while_it_was_computed_does_not_disturb()
    {
        var revised = new BillOfMaterialsRevised(Made, [new(Bought, 7, "piece")], Now);

        Assert.True(Assert.Single(Replay([.. Facts, revised, Stored()])).Agrees);
    }

    private static IReadOnlyList<ReplayedVersion> Replay(object[] events) => FootprintReplay.Of(
        Part,
        new Dictionary<TraceId, Part> { [Bought] = Input },
        [.. events.Select((e, index) => new PastEvent($"event {index}", e))]);

    /// <summary>As the engine records it: 5 + 2 * 3.</summary>
    private static FootprintRolledUp Stored()
    {
        var own = Footprint.Evolve(null, Facts[0])!;
        var records = new CompanyRecords(
            new Dictionary<TraceId, Part> { [Made] = Part, [Bought] = Input },
            new Dictionary<TraceId, IReadOnlyList<BillOfMaterialsLine>> { [Made] = [new(Bought, 2, "piece")] },
            new Dictionary<TraceId, Footprint> { [Made] = own },
            new[] { UpstreamTotal.Evolve(null, Received)! }.ToLookup(one => one.TraceId),
            Now);
        RollUpResult? result = null;
        CompanyRollUp.Of(records).Update([Made], (_, one) =>
        {
            result = one;
            return true;
        });
        return own.RollUp(result!, Now).OfType<FootprintRolledUp>().Single();
    }

    private static Figures Of(decimal kilograms) => Figures.Of([new StageFigure(LifeCycleStage.MainProduction, kilograms)]);
}
