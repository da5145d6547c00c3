using Grpc.Core;
using Grpc.Core.Interceptors;
using Xunit;

namespace Traceability.StandinTests.Grpc;

/// <summary>Client and server with each other.</summary>
public class CallTests
{
    [Theory]
    [InlineData(Transport.Plain)]
    [InlineData(Transport.Tls)]
    [InlineData(Transport.Mtls)]
    public async Task Every_kind_of_call_holds(Transport transport)
    {
        await using var host = await EchoHost.StartAsync(transport);
        using var channel = host.Connect();

        await EchoBehaviour.HoldsAsync(new Echo.EchoClient(channel));
    }

    [Fact]
    public async Task A_client_that_receives_too_much_says_so()
    {
        await using var host = await EchoHost.StartAsync(Transport.Plain);
        using var channel = host.Connect();
        var client = new Echo.EchoClient(channel);

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => client.SayAsync(new Message { Text = new string('x', 3 * EchoHost.MaxMessageBytes) }).ResponseAsync);

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    [Fact]
    public async Task A_peer_that_is_not_there_is_unavailable()
    {
        using var channel = EchoHost.Connect("http://127.0.0.1:1", Transport.Plain, "");

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => new Echo.EchoClient(channel).SayAsync(new Message()).ResponseAsync);

        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
    }

    [Fact]
    public async Task The_last_interceptor_added_sees_a_call_first()
    {
        await using var host = await EchoHost.StartAsync(Transport.Plain);
        using var channel = host.Connect();
        List<string> seen = [];
        var client = new Echo.EchoClient(channel.Intercept(Note("inner")).Intercept(Note("outer")));

        await client.SayAsync(new Message());

        Assert.Equal(["outer", "inner"], seen);

        Func<Metadata, Metadata> Note(string name) => metadata =>
        {
            seen.Add(name);
            return metadata;
        };
    }
}
