using Grpc.Core;
using Xunit;

namespace Traceability.StandinTests.Grpc;

/// <summary>gRPC with @grpc/grpc-js, in both directions.</summary>
public class InteropTests
{
    private static readonly CancellationTokenSource Timer = new(TimeSpan.FromMinutes(2));

    [PeerTheory]
    [InlineData(Transport.Plain)]
    [InlineData(Transport.Tls)]
    [InlineData(Transport.Mtls)]
    public async Task A_client_in_JavaScript_finds_everything_as_it_should_be(Transport transport)
    {
        await using var host = await EchoHost.StartAsync(transport);
        string[] arguments =
            ["client.mjs", Peer.NameOf(transport), host.Folder, new Uri(host.Address).Authority];

        var (code, output) = await Repository.RunAsync("node", arguments, Repository.Peers, Timer.Token);

        Assert.True(code == 0, output);
        Assert.Equal(17, output.Split('\n').Count(line => line.StartsWith("ok ", StringComparison.Ordinal)));
    }

    [PeerTheory]
    [InlineData(Transport.Plain)]
    [InlineData(Transport.Tls)]
    [InlineData(Transport.Mtls)]
    public async Task A_server_in_JavaScript_is_understood(Transport transport)
    {
        var folder = EchoHost.MakeCertificates();
        await using var peer = await Peer.ServeAsync(transport, folder, Timer.Token);
        using var channel = EchoHost.Connect(peer.Address, transport, folder);

        await EchoBehaviour.HoldsAsync(new Echo.EchoClient(channel));
        Directory.Delete(folder, recursive: true);
    }

    [PeerTheory]
    [InlineData(Transport.Mtls)]
    public async Task A_client_without_a_certificate_does_not_get_in(Transport transport)
    {
        var folder = EchoHost.MakeCertificates();
        await using var peer = await Peer.ServeAsync(transport, folder, Timer.Token);
        using var channel = EchoHost.Connect(peer.Address, Transport.Tls, folder);

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => new Echo.EchoClient(channel).SayAsync(new Message(), deadline: EchoBehaviour.Soon).ResponseAsync);

        Assert.True(refused.StatusCode is StatusCode.Unavailable or StatusCode.Internal, refused.ToString());
        Directory.Delete(folder, recursive: true);
    }
}
