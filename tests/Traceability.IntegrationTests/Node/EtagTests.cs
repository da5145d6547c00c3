using Grpc.Core;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node;

/// <summary>
/// An etag is that of the resource as it was answered, for every rpc that takes one: the current one passes, one from
/// before is refused, and anything else is no etag.
/// </summary>
public class EtagTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task Of_a_contribution()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var part = await c.RegisterAsync("part", PartKind.Made);
        var first = await c.DeclareAsync(part, "1");
        // Rolled up since: what the footprint is answered with is current, too.
        var read = await c.FootprintAsync(part);
        Assert.Equal(first.Etag, read.Etag);

        await HoldAsync(
            first.Etag,
            async (etag, kilograms) => (await c.Footprints.DeclareContributionAsync(
                new() { Contribution = Contribution(part, kilograms), Etag = etag }, c.Call)).Footprint.Etag);
    }

    [Fact]
    public async Task Of_an_approval()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var part = await c.RegisterAsync("part", PartKind.Made);
        await c.DeclareAsync(part, "1");
        await c.Footprints.RequireApprovalAsync(new() { TraceId = part, Required = true }, c.Call);
        var waiting = await c.DeclareAsync(part, "2");

        await HoldAsync(
            waiting.Etag,
            async (etag, kilograms) =>
            {
                var approved = (await c.Footprints.ApproveFootprintAsync(
                    new() { TraceId = part, Etag = etag }, c.Call)).Footprint;
                await c.DeclareAsync(part, $"3{kilograms}");
                return (await c.FootprintAsync(part)).Etag;
            });
    }

    [Fact]
    public async Task Of_a_bill_of_materials()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (pack, cell) = (
            await c.RegisterAsync("pack", PartKind.Made), await c.RegisterAsync("cell", PartKind.Bought));
        await c.ContainsAsync(pack, cell, "1");
        var read = (await c.Parts.GetBillOfMaterialsAsync(new() { ParentTraceId = pack }, c.Call)).BillOfMaterials;

        await HoldAsync(
            read.Etag,
            async (etag, amount) => (await c.Parts.DeclareBillOfMaterialsAsync(
                new()
                {
                    ParentTraceId = pack,
                    Lines =
                    {
                        new BillOfMaterialsLine
                        {
                            ChildTraceId = cell,
                            Quantity = new() { Amount = amount, Unit = "piece" },
                        },
                    },
                    Etag = etag,
                },
                c.Call)).BillOfMaterials.Etag);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_the_answer_to_a_trade(bool accepted)
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var (made, bought) = (
            await a.RegisterAsync("made", PartKind.Made), await b.RegisterAsync("bought", PartKind.Bought));
        var trade = await b.RequestAsync(a.Company, bought, "");
        await a.WaitForTradeAsync(trade, federation.Deadline);
        var read = (await a.Trades.GetTradeAsync(new() { TradeId = trade }, a.Call)).Trade;

        Assert.Equal("STALE_VERSION", await RefusalAsync($"{long.Parse(read.Etag) + 1}"));
        Assert.Equal("INVALID_REQUEST", await RefusalAsync("no etag"));
        Assert.Equal("", await RefusalAsync(read.Etag));

        Task<string> RefusalAsync(string etag) => EtagTests.RefusalAsync(async () => _ = accepted
            ? (await a.Trades.AcceptTradeAsync(
                new() { TradeId = trade, UpstreamTraceId = made, Etag = etag }, a.Call)).Trade
            : (await a.Trades.RejectTradeAsync(
                new() { TradeId = trade, Message = "no", Etag = etag }, a.Call)).Trade);
    }

    /// <param name="current">As it was answered.</param>
    /// <param name="change">Changes something if the etag is current; answers the new one.</param>
    private static async Task HoldAsync(string current, Func<string, string, Task<string>> change)
    {
        var next = await change(current, "4");
        Assert.NotEqual(current, next);
        Assert.Equal("STALE_VERSION", await RefusalAsync(() => change(current, "5")));
        Assert.Equal("INVALID_REQUEST", await RefusalAsync(() => change("no etag", "5")));
        Assert.Equal("INVALID_REQUEST", await RefusalAsync(() => change("-1", "5")));
        Assert.Equal("", await RefusalAsync(() => change(next, "5")));
        Assert.Equal("", await RefusalAsync(() => change("", "6")));
    }

    private static async Task<string> RefusalAsync(Func<Task> call)
    {
        try
        {
            await call();
            return "";
        }
        catch (RpcException refused)
        {
            return Refusals.Reason(refused);
        }
    }

    private static Contribution Contribution(string part, string kilograms) => new()
    {
        TraceId = part,
        ReferencePeriod = CompanyAtWork.Year,
        Figures = new()
        {
            Stages =
            {
                new Contracts.Common.V1.StageFigure
                {
                    Stage = Contracts.Common.V1.LifeCycleStage.MainProduction,
                    Amount = kilograms,
                },
            },
        },
    };
}
