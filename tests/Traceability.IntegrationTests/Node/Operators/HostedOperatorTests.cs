using Grpc.Core;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Operators;

/// <summary>Two companies on one node, and a third that comes while it runs.</summary>
public sealed class HostedOperatorTests(SharedNode federation) : IClassFixture<SharedNode>
{
    private readonly LiveFederation _live = federation.Live;

    [Fact]
    public async Task A_neighbour_sees_nothing_lists_nothing_and_counts_nothing()
    {
        using var one = await AtWorkAsync("one");
        using var other = await AtWorkAsync("other");
        Assert.Equal(_live.Processes.Node("one"), _live.Processes.Node("other"));
        var part = await one.RegisterAsync("SECRET-PART", PartKind.Made);
        await one.DeclareAsync(part, "5.123456789");

        foreach (var ask in Questions(other))
        {
            var (hidden, nothing) = (await Refusals.AnswerAsync(ask, part), await Refusals.AnswerAsync(ask, Guid.CreateVersion7().ToString()));
            Assert.Equal(nothing, hidden);
            Assert.StartsWith("PermissionDenied", hidden, StringComparison.Ordinal);
        }

        Assert.Empty((await other.Parts.ListPartsAsync(new(), other.Call)).Parts);
        Assert.Empty((await other.Parts.ListPartsAsync(new() { PageToken = "part/0" }, other.Call)).Parts);
        Assert.Empty((await other.Trades.ListTradesAsync(new(), other.Call)).Trades);
        using var export = other.Imports.ExportRecords(new(), other.Call);
        Assert.False(await export.ResponseStream.MoveNext(_live.Deadline));

        // The same id is free for the neighbour: it does not tell that somebody has it.
        var own = new Part { TraceId = part, Name = "own", Kind = PartKind.Made, DeclaredUnit = "piece" };
        await other.Parts.RegisterPartAsync(new() { Part = own }, other.Call);
        Assert.Equal("SECRET-PART", (await one.Parts.GetPartAsync(new() { TraceId = part }, one.Call)).Part.Name);
        Assert.Null((await other.FootprintAsync(part)).Figures);
    }

    [Fact]
    public async Task A_company_comes_to_a_running_node_and_trades_with_its_neighbour()
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var early = await AtWorkAsync("late");
            await early.RegisterAsync("too early", PartKind.Made);
        });
        Assert.Equal("NOT_DISCLOSED", Refusals.Reason(refused));

        await _live.Processes.HostAsync("late", _live.Deadline);
        using var late = await WaitForLateAsync();
        using var one = await AtWorkAsync("one");
        var made = await late.RegisterAsync("bolt", PartKind.Made);
        await late.DeclareAsync(made, "3");
        var bought = await one.RegisterAsync("bolt of the late one", PartKind.Bought);
        var trade = await one.RequestAsync(late.Company, bought, "hello, neighbour");
        await late.AnswerAsync(trade, made, _live.Deadline);

        var received = await one.WaitForTotalAsync(bought, "3", _live.Deadline);
        Assert.True(received.Complete);
    }

    private static IEnumerable<Func<string, Task>> Questions(CompanyAtWork who) =>
    [
        async id => await who.Parts.GetPartAsync(new() { TraceId = id }, who.Call),
        async id => await who.Parts.GetBillOfMaterialsAsync(new() { ParentTraceId = id }, who.Call),
        async id => await who.Parts.RetirePartAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.GetFootprintAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.ListFootprintVersionsAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.CompareFootprintsAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.ListHotSpotsAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.SimulateFootprintAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.ListAlternativesAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.ApproveFootprintAsync(new() { TraceId = id }, who.Call),
        async id => await who.Footprints.RequireApprovalAsync(new() { TraceId = id, Required = true }, who.Call),
        async id => await who.Trades.GetTradeAsync(new() { TradeId = id }, who.Call),
        async id => await who.Releases.GetReleaseAsync(new() { TradeId = id }, who.Call),
    ];

    private Task<CompanyAtWork> AtWorkAsync(string company) =>
        _live.AtWorkAsync(company);

    private async Task<CompanyAtWork> WaitForLateAsync()
    {
        var late = await AtWorkAsync("late");
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            try
            {
                await late.Parts.ListPartsAsync(new(), late.Call);
                return late;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.PermissionDenied)
            {
                await timer.WaitForNextTickAsync(_live.Deadline);
            }
        }
    }
}

/// <summary>All on one node.</summary>
public sealed class SharedNode()
    : ClassFederation([new("one", "shared"), new("other", "shared"), new("late", "shared", Later: true)]);
