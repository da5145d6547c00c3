using System.Text;
using Grpc.Core;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;
using Xunit.Abstractions;

namespace Traceability.IntegrationTests.Hosting;

/// <summary>Refused calls do not fill the disk: the log says a few of each kind, and how many more there were.</summary>
public sealed class RefusalLogTests(TalkativeFederation federation, ITestOutputHelper output)
    : IClassFixture<TalkativeFederation>
{
    private const int Calls = 10_000;
    private const int AtOnce = 20;

    /// <summary>Each used to be a line of its own here, and one of the framework's: 1.8 KB.</summary>
    private const int MostBytes = 200_000;

    private readonly LiveFederation _live = federation.Live;

    [Fact]
    public async Task Ten_thousand_refusals_are_a_few_lines()
    {
        using var stranger = await _live.AtWorkAsync("stranger");
        var before = Bytes();
        var refused = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => ManyAsync(stranger)));
        var grown = Bytes() - before;

        output.WriteLine($"{Calls} refusals: {grown} bytes");
        Assert.Equal(Calls, refused.Sum());
        Assert.InRange(grown, 1, MostBytes);
        Assert.Contains("GetPart was refused: NotDisclosed", _live.Processes.Log("node-shared"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_that_cannot_be_read_are_a_few_lines()
    {
        using var stranger = await _live.AtWorkAsync("stranger");
        var before = Bytes();
        var method = new Method<byte[], byte[]>(
            MethodType.Unary, "traceability.node.v1.PartService", "GetPart",
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes),
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes));
        var invoker = stranger.Channel.CreateCallInvoker();
        for (var call = 0; call < 500; call++)
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () =>
                await invoker.AsyncUnaryCall(method, null, stranger.Call, [0x0A, 0x7F]));
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        }

        Assert.InRange(Bytes() - before, 1, MostBytes);
        Assert.DoesNotContain("InvalidProtocolBufferException", _live.Processes.Log("node-shared"), StringComparison.Ordinal);
    }

    private static async Task<int> ManyAsync(CompanyAtWork stranger)
    {
        var refused = 0;
        for (var call = 0; call < Calls / AtOnce; call++)
        {
            try
            {
                await stranger.Parts.GetPartAsync(new() { TraceId = $"{Guid.CreateVersion7()}" }, stranger.Call);
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.PermissionDenied)
            {
                refused++;
            }
        }

        return refused;
    }

    private int Bytes() => Encoding.UTF8.GetByteCount(_live.Processes.Log("node-shared"));
}

/// <summary>A node that lets anybody ask as often as they like.</summary>
public sealed class TalkativeFederation() : ClassFederation(
    [new("stranger", "shared")], new FederationSettings(CallsPerSecond: 1_000_000));
