using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Cli;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Footprints;

/// <summary>What is typed of a part, and what of it comes back.</summary>
public sealed class TypedFigureTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    private readonly LiveFederation _live = nodes.Live;

    [Fact]
    public async Task A_typed_figure_that_is_taken_back_is_a_gap_here_and_at_the_customer()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        var (made, cell) = (
            await supplier.RegisterAsync("pack", PartKind.Made), await supplier.RegisterAsync("cell", PartKind.Bought));
        await supplier.DeclareAsync(made, "1");
        await supplier.Footprints.DeclareContributionAsync(new() { Contribution = Typed(cell, "data set 7") }, supplier.Call);
        await supplier.ContainsAsync(made, cell, "2");
        var bought = await buyer.RegisterAsync("bought", PartKind.Bought);
        var trade = await buyer.RequestAsync(supplier.Company, bought, "");
        await supplier.AnswerAsync(trade, made, _live.Deadline);
        await buyer.WaitForTotalAsync(bought, "7", _live.Deadline);

        var trace = new CommandLine(_live, "supplier");
        var taken = (await trace.JsonAsync("footprint", "take-back", cell)).GetProperty("footprint");
        Assert.False(taken.TryGetProperty("contribution", out _));

        var total = (await supplier.Footprints.GetFootprintAsync(new() { TraceId = made }, supplier.Call)).Footprint;
        Assert.Equal(("1", false), (total.Figures.Total, total.Complete));
        Assert.Equal(cell, Assert.Single(total.Coverage.Missing).TraceId);
        await Wait.UntilAsync(
            async () => !(await buyer.Footprints.GetFootprintAsync(new() { TraceId = bought }, buyer.Call)).Footprint.Complete,
            _live.Deadline);
        using var replay = new AuditService.AuditServiceClient(supplier.Channel).ReplayFootprint(
            new() { TraceId = made }, supplier.Call);
        while (await replay.ResponseStream.MoveNext(_live.Deadline))
        {
            Assert.NotEqual(false, replay.ResponseStream.Current.Version?.Agrees);
        }

        var again = await supplier.Footprints.TakeBackTypedFigureAsync(new() { TraceId = cell }, supplier.Call);
        Assert.Equal(taken.GetProperty("etag").GetString(), again.Footprint.Etag);
        await AssertRefusedAsync(StatusCode.FailedPrecondition, made, "");
        await AssertRefusedAsync(StatusCode.Aborted, cell, "1");
        await AssertRefusedAsync(StatusCode.PermissionDenied, $"{Guid.CreateVersion7()}", "");

        async Task AssertRefusedAsync(StatusCode status, string part, string etag) => Assert.Equal(
            status,
            (await Assert.ThrowsAsync<RpcException>(async () => await supplier.Footprints.TakeBackTypedFigureAsync(
                new() { TraceId = part, Etag = etag }, supplier.Call))).StatusCode);
    }

    [Fact]
    public async Task Ratings_of_a_stage_of_zero_come_out_as_they_went_in()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        var made = await supplier.RegisterAsync("pack", PartKind.Made);
        var contribution = Typed(made, "");
        contribution.Figures.Stages.Add(new StageFigure
        {
            Stage = LifeCycleStage.Distribution,
            Amount = "0",
            Rating = new() { Technology = "1", Geography = "2.5", Time = "3", RatedShare = "1" },
        });
        await supplier.Footprints.DeclareContributionAsync(new() { Contribution = contribution }, supplier.Call);

        List<ImportRow> rows = [];
        using var export = supplier.Imports.ExportRecords(new(), supplier.Call);
        while (await export.ResponseStream.MoveNext(_live.Deadline))
        {
            rows.AddRange(export.ResponseStream.Current.Rows);
        }

        var row = Assert.Single(rows, one => one.Contribution is not null);
        Assert.Equal(contribution.Figures.Stages[1], row.Contribution.Figures.Stages[1]);
        Assert.Equal(0, (await supplier.ImportAsync(rows, _live.Deadline)).Changed);
        row.Contribution.Figures.Stages[1].Rating.Time = "4";
        var changed = await supplier.ImportAsync(rows, _live.Deadline);
        Assert.Equal("distribution_time", Assert.Single(Assert.Single(changed.Changes).Fields).Field);
    }

    private static Contribution Typed(string part, string source) => new()
    {
        TraceId = part,
        Source = source,
        ReferencePeriod = CompanyAtWork.Year,
        ValidUntilTime = Timestamp.FromDateTimeOffset(new(2031, 1, 1, 0, 0, 0, TimeSpan.Zero)),
        Figures = new() { Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "3" } } },
    };
}
