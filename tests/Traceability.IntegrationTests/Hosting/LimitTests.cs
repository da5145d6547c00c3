using Grpc.Core;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Hosting;

/// <summary>One company asks too much; its neighbour on the same node notices nothing.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class LimitTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const int Streams = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private readonly CancellationTokenSource _timer = new(TimeSpan.FromMinutes(2));
    private LocalFederation _federation = null!;

    public async Task InitializeAsync()
    {
        _federation = await LocalFederation.StartAsync(
            _folder,
            [new("greedy", "shared"), new("modest", "shared")],
            durable: false,
            _ => { },
            _timer.Token,
            new FederationSettings(CallsPerSecond: 50, StreamsPerOperator: Streams));
        await new Story(_federation, _ => { }).EnrolAsync(_timer.Token);
    }

    [Fact]
    public async Task Too_many_calls_are_refused_and_cost_only_the_caller()
    {
        using var greedy = await CompanyAtWork.StartAsync(_federation, "greedy", _timer.Token);
        using var modest = await CompanyAtWork.StartAsync(_federation, "modest", _timer.Token);

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => AnswerAsync(greedy)));
        var neighbour = await AnswerAsync(modest);

        Assert.InRange(answers.Count(answer => answer == "answered"), 100, 300);
        Assert.All(answers.Where(answer => answer != "answered"), answer => Assert.Equal("LIMIT_EXCEEDED", answer));
        Assert.Equal("answered", neighbour);
    }

    [Fact]
    public async Task Streams_are_counted_and_freed()
    {
        using var greedy = await CompanyAtWork.StartAsync(_federation, "greedy", _timer.Token);
        var part = await greedy.RegisterAsync("watched", PartKind.Made);
        var open = new List<AsyncServerStreamingCall<WatchFootprintResponse>>();
        for (var stream = 0; stream < Streams; stream++)
        {
            open.Add(greedy.Footprints.WatchFootprint(new() { TraceId = part }, greedy.Call));
            Assert.True(await open[^1].ResponseStream.MoveNext(_timer.Token));
        }

        using (var more = greedy.Footprints.WatchFootprint(new() { TraceId = part }, greedy.Call))
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => more.ResponseStream.MoveNext(_timer.Token));
            Assert.Equal("LIMIT_EXCEEDED", Refusals.Reason(refused));
            Assert.Equal($"{Streams}", Refusals.Info(refused).Metadata["maximum"]);
        }

        open.ForEach(stream => stream.Dispose());
        await greedy.WaitForAsync(part, _ => true, _timer.Token);
    }

    public async Task DisposeAsync()
    {
        await _federation.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _timer.Dispose();
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
