using System.Diagnostics;
using Xunit;

namespace Traceability.StandinTests.Grpc;

/// <summary>A test with a peer in JavaScript; skipped, with the reason, where it cannot run.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerTheoryAttribute : TheoryAttribute
{
    public PeerTheoryAttribute() => Skip = Repository.NoPeers;
}

/// <summary>@grpc/grpc-js as server, until disposed of.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private readonly Process _process;

    private Peer(Process process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public static async Task<Peer> ServeAsync(
        Transport transport, string folder, CancellationToken cancellationToken)
    {
        string[] arguments = ["server.mjs", NameOf(transport), folder];
        var process = Process.Start(new ProcessStartInfo("node", arguments)
        {
            WorkingDirectory = Repository.Peers,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var port = await process.StandardOutput.ReadLineAsync(cancellationToken);
        return new(process, $"{(transport == Transport.Plain ? "http" : "https")}://127.0.0.1:{port}");
    }

    public static string NameOf(Transport transport) => transport switch
    {
        Transport.Plain => "plain",
        Transport.Tls => "tls",
        _ => "mtls",
    };

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
