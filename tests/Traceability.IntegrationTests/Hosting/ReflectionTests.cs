using System.Diagnostics;
using System.Runtime.CompilerServices;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Hosting;

/// <summary>Anybody's tool finds its way without our protos: buf curl asks the node for them.</summary>
public class ReflectionTests(Federation federation) : IClassFixture<Federation>
{
    [BufFact]
    public async Task A_call_can_be_made_with_nothing_but_the_address_and_a_token()
    {
        var company = federation.Processes.Company(Story.A);
        var token = await FederationClient.TokenAsync(
            federation.Processes, company, federation.Processes.Node(Story.A), federation.Deadline);
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("reflected", Contracts.Node.V1.PartKind.Made);

        var answer = await CurlAsync("traceability.node.v1.PartService/ListParts", $"authorization: Bearer {token}");

        Assert.Contains(part, answer, StringComparison.Ordinal);
        Assert.Contains("SERVING", await CurlAsync("grpc.health.v1.Health/Check"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_says_that_it_is_alive_and_ready()
    {
        foreach (var address in new[] { federation.Processes.Node(Story.A), federation.Processes.Broker })
        {
            using var http = FederationClient.Http(federation.Processes);
            Assert.Equal("Healthy", await http.GetStringAsync(new Uri($"{address}/health/live"), federation.Deadline));
            Assert.Equal("Healthy", await http.GetStringAsync(new Uri($"{address}/health/ready"), federation.Deadline));
        }
    }

    private async Task<string> CurlAsync(string method, params string[] headers)
    {
        var (certificate, key) = federation.Processes.CertificateOf(federation.Processes.Company(Story.A).OperatorId);
        string[] arguments =
        [
            "curl", "--protocol", "grpc", "--cacert", federation.Processes.Authority, "--cert", certificate, "--key", key,
            "--data", "{}",
            .. headers.SelectMany(header => new[] { "--header", header }),
            $"{federation.Processes.Node(Story.A)}/{method}",
        ];
        using var process = Process.Start(new ProcessStartInfo(BufFactAttribute.Program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(federation.Deadline);
        var errors = process.StandardError.ReadToEndAsync(federation.Deadline);
        await process.WaitForExitAsync(federation.Deadline);
        return await output + await errors;
    }
}

/// <summary>A test with buf; skipped, with the reason, where that is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BufFactAttribute : FactAttribute
{
    public BufFactAttribute() => Skip = File.Exists(Program)
        ? null
        : "tests/peers is not installed: tests/run.sh does that where node and npm are.";

    internal static string Program { get; } = Path.GetFullPath(Path.Combine(
        SourceFolder(), "..", "..", "peers", "node_modules", ".bin", "buf"));

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
