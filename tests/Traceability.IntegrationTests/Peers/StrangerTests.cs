using System.Diagnostics;
using System.Text.Json;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Peers;

/// <summary>@grpc/grpc-js, which nobody here wrote, finds node and broker to be gRPC servers like any other.</summary>
public class StrangerTests(Harness.Federation federation) : IClassFixture<Harness.Federation>
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static string Folder { get; } =
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "tests", "peers"));

    [PeerFact]
    public async Task A_client_in_JavaScript_finds_everything_as_it_should_be()
    {
        var processes = federation.Processes;
        using var clerk = await FederationClient.ForClerkAsync(processes, "A", federation.Deadline);
        using var administrator = await FederationClient.ForAdministratorAsync(processes, federation.Deadline);
        var (certificate, key) = processes.AdministratorCertificate;
        var (clerkCertificate, clerkKey) = processes.CertificateOf(processes.Company("A").OperatorId);
        var given = JsonSerializer.Serialize(
            new
            {
                Node = new Uri(processes.Node("A")).Authority,
                Broker = new Uri(processes.Broker).Authority,
                processes.Authority,
                Certificate = certificate,
                Key = key,
                ClerkCertificate = clerkCertificate,
                ClerkKey = clerkKey,
                ClerkToken = clerk.Token,
                AdministratorToken = administrator.Token,
                processes.Company("A").OperatorId,
                TraceId = Guid.CreateVersion7(),
                UnknownId = Guid.CreateVersion7(),
            },
            Json);

        var (code, output) = await RunAsync(given, federation.Deadline);

        Assert.True(code == 0, output);
        Assert.Equal(19, output.Split('\n').Count(line => line.StartsWith("ok ", StringComparison.Ordinal)));
    }

    private static async Task<(int Code, string Output)> RunAsync(string input, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("node", ["stranger.mjs"])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>A test with a peer; skipped, with the reason, where it cannot run.</summary>
    private sealed class PeerFactAttribute : FactAttribute
    {
        public PeerFactAttribute() => Skip = Directory.Exists(Path.Combine(Folder, "node_modules"))
            ? null
            : "tests/peers is not installed: tests/run.sh does that where node and npm are.";
    }
}
