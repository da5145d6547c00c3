using Grpc.Core;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Hosting;

/// <summary>One company asks too much; its neighbour on the same node notices nothing.</summary>
public sealed class LimitTests(LimitedFederation federation) : IClassFixture<LimitedFederation>
{
    private const int Streams = LimitedFederation.Streams;

    private readonly LiveFederation _live = federation.Live;

    [Fact]
    public async Task Too_many_calls_are_refused_and_cost_only_the_caller()
    {
        using var greedy = await _live.NewCompanyAsync("shared");
        using var modest = await _live.AtWorkAsync("modest");

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => AnswerAsync(greedy)));
        var neighbour = await AnswerAsync(modest);

        Assert.InRange(answers.Count(answer => answer == "answered"), 100, 300);
        Assert.All(answers.Where(answer => answer != "answered"), answer => Assert.Equal("LIMIT_EXCEEDED", answer));
        Assert.Equal("answered", neighbour);
    }

    [Fact]
    public async Task Streams_are_counted_and_freed()
    {
        using var greedy = await _live.NewCompanyAsync("shared");
        var part = await greedy.RegisterAsync("watched", PartKind.Made);
        var open = new List<AsyncServerStreamingCall<WatchFootprintResponse>>();
        for (var stream = 0; stream < Streams; stream++)
        {
            open.Add(greedy.Footprints.WatchFootprint(new() { TraceId = part }, greedy.Call));
            Assert.True(await open[^1].ResponseStream.MoveNext(_live.Deadline));
        }

        using (var more = greedy.Footprints.WatchFootprint(new() { TraceId = part }, greedy.Call))
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => more.ResponseStream.MoveNext(_live.Deadline));
            Assert.Equal("LIMIT_EXCEEDED", Refusals.Reason(refused));
            Assert.Equal($"{Streams}", Refusals.Info(refused).Metadata["maximum"]);
        }

        open.ForEach(stream => stream.Dispose());
        await greedy.WaitForAsync(part, _ => true, _live.Deadline);
    }

    private static async Task<string> AnswerAsync(CompanyAtWork company)
    {
        try
        {
            await company.Parts.ListPartsAsync(new(), company.Call);
            return "answered";
        }
        catch (RpcException refused)
        {
            return Refusals.Reason(refused);
        }
    }
}

/// <summary>A node that grants little.</summary>
public sealed class LimitedFederation() : ClassFederation(
    [new("modest", "shared")], new FederationSettings(CallsPerSecond: 50, StreamsPerOperator: Streams))
{
    public const int Streams = 3;
}
