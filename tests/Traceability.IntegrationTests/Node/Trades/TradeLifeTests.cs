using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Trades;

public class TradeLifeTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task A_trade_ends_from_either_side_and_nothing_new_is_told()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var (trade, made, bought) = await TradeAsync(a, b);
        await b.WaitForTotalAsync(bought, "3", federation.Deadline);

        var ended = await b.Trades.EndTradeAsync(new() { TradeId = trade }, b.Call);
        Assert.Equal(TradeStatus.Ended, ended.Trade.Status);
        Assert.Equal(ended, await b.Trades.EndTradeAsync(new() { TradeId = trade }, b.Call));
        await WaitForAsync(a, trade, TradeStatus.Ended);
        await a.DeclareAsync(made, "9");
        await MarkAsync(a, b);

        Assert.Equal("3", (await b.FootprintAsync(bought)).Figures.Total);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await a.Releases.GrantReleaseAsync(
            new() { TradeId = trade, Fields = { FootprintField.Stages }, Purpose = "audit" }, a.Call));
        Assert.Equal("TRADE_NOT_ACCEPTED", Refusals.Reason(refused));
        var shown = (await a.Releases.ListDisclosuresAsync(new() { TradeId = trade }, a.Call)).Disclosures;
        Assert.Equal(
            [(made, 1L, FootprintField.Total)], shown.Select(one => (one.TraceId, one.Version, one.Fields.Single())));
    }

    [Fact]
    public async Task Reminders_come_before_and_after_the_due_date_and_progress_names_nobody()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var c = await federation.AtWorkAsync(Story.C);
        var bought = await c.RegisterAsync("bought", PartKind.Bought);
        var now = TimeProvider.System.GetUtcNow();
        var late = await RequestAsync(now.AddDays(-1));
        var soon = await RequestAsync(now.AddDays(3));
        var far = await RequestAsync(now.AddDays(30));
        await a.WaitForTradeAsync(far, federation.Deadline);

        Assert.Equal([(late, true, true), (soon, false, true)], await RemindersAsync(a, 0));
        Assert.Equal([(late, true, false), (soon, false, false)], await RemindersAsync(c, 0));
        Assert.Equal([late, soon, far], (await RemindersAsync(c, 60)).Select(one => one.Trade));

        await a.Trades.RejectTradeAsync(new() { TradeId = late }, a.Call);
        await WaitForAsync(c, late, TradeStatus.Rejected);
        await c.Trades.CancelTradeAsync(new() { TradeId = far }, c.Call);
        var progress = (await c.Trades.GetTradeProgressAsync(new(), c.Call)).AsBuyer;
        Assert.Equal((1, 0, 1, 1), (progress.Requested, progress.Overdue, progress.Rejected, progress.Cancelled));

        async Task<string> RequestAsync(DateTimeOffset due)
        {
            var id = Guid.CreateVersion7().ToString();
            await c.Trades.RequestTradeAsync(
                new()
                {
                    TradeId = id,
                    SupplierOperatorId = $"{a.Company.OperatorId}",
                    DownstreamTraceId = bought,
                    DueTime = due.ToTimestamp(),
                },
                c.Call);
            return id;
        }
    }

    [Fact]
    public async Task A_release_is_narrowed_extended_and_reviewed()
    {
        using var b = await federation.AtWorkAsync(Story.B);
        using var c = await federation.AtWorkAsync(Story.C);
        var (trade, _, bought) = await TradeAsync(b, c);
        await c.WaitForAsync(bought, seen => seen.Figures is { Stages.Count: 0 }, federation.Deadline);

        await GrantAsync(FootprintField.Total, FootprintField.Stages);
        await c.WaitForAsync(bought, seen => seen.Figures is { Stages.Count: 1 }, federation.Deadline);
        await GrantAsync(FootprintField.Total);
        await c.WaitForAsync(bought, seen => seen.Figures is { Stages.Count: 0 }, federation.Deadline);

        var review = await b.Releases.ReviewReleaseAsync(
            new() { TradeId = trade, Fields = { FootprintField.Total } }, b.Call);
        Assert.Equal("warn", review.Mode);
        Assert.Empty(review.Findings);

        async Task GrantAsync(params FootprintField[] fields) => await b.Releases.GrantReleaseAsync(
            new() { TradeId = trade, Fields = { fields }, Purpose = "product_footprint" }, b.Call);
    }

    private async Task<(string Trade, string Made, string Bought)> TradeAsync(CompanyAtWork supplier, CompanyAtWork buyer)
    {
        var made = await supplier.RegisterAsync("made", PartKind.Made);
        await supplier.DeclareAsync(made, "3");
        var bought = await buyer.RegisterAsync("bought", PartKind.Bought);
        var trade = await buyer.RequestAsync(supplier.Company, bought, "");
        await supplier.AnswerAsync(trade, made, federation.Deadline);
        return (trade, made, bought);
    }

    /// <summary>Nodes send in order: when this has arrived, nothing before it is under way.</summary>
    private async Task MarkAsync(CompanyAtWork supplier, CompanyAtWork buyer)
    {
        var (_, _, bought) = await TradeAsync(supplier, buyer);
        await buyer.WaitForTotalAsync(bought, "3", federation.Deadline);
    }

    private static async Task<IReadOnlyList<(string Trade, bool Overdue, bool ToAnswer)>> RemindersAsync(
        CompanyAtWork company, int days) =>
        [
            .. (await company.Trades.ListRemindersAsync(new() { DaysBefore = days }, company.Call)).Reminders
                .Select(one => (one.TradeId, one.Overdue, one.ToAnswer)),
        ];

    private async Task WaitForAsync(CompanyAtWork company, string trade, TradeStatus status)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while ((await company.Trades.GetTradeAsync(new() { TradeId = trade }, company.Call)).Trade.Status != status)
        {
            await timer.WaitForNextTickAsync(federation.Deadline);
        }
    }
}
