using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Deploy;

/// <summary>deploy/members.sh, as the container `members` runs it.</summary>
public sealed class MembersTests : IAsyncLifetime
{
    private static readonly string Trace = $"dotnet {Programs.PathOf("Traceability.Cli", "trace.dll")}";

    private readonly string _secrets = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private readonly Guid _operator = Guid.CreateVersion7();
    private LiveFederation _live = null!;

    private LocalFederation Processes => _live.Processes;

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync([new("A", "A", Later: true)]);
        Directory.CreateDirectory(Path.Combine(_secrets, "administrator"));
        File.Copy(Processes.AdministratorFile, Path.Combine(_secrets, "administrator", "administrator.json"));
        File.Copy(Processes.Authority, Path.Combine(_secrets, "ca.crt"));
        File.Copy(Processes.AdministratorCertificate.Certificate, Path.Combine(_secrets, "administrator.crt"));
        File.Copy(Processes.AdministratorCertificate.Key, Path.Combine(_secrets, "administrator.key"));
    }

    [Fact]
    public async Task Companies_become_members_once_and_their_node_and_clerk_have_what_they_need()
    {
        await RunAsync();
        var files = Files();
        await RunAsync();

        Assert.Equal(files, Files());
        var node = Json("members/Z/node/operator.json");
        Assert.Equal($"{_operator}", node.GetProperty("operatorId").GetString());
        await Tokens("node-Z", node.GetProperty("clientSecret"), Processes.Broker);
        var clerk = Json("members/profiles.json").GetProperty("Z");
        Assert.Equal(
            (FileOf("clerk.crt"), FileOf("clerk.key")),
            (clerk.GetProperty("Certificate").GetString(), clerk.GetProperty("CertificateKey").GetString()));
        await Tokens("clerk-Z", clerk.GetProperty("ClientSecret"), Processes.Node("A"));

        // Lost before it was kept: a new one is made.
        File.Delete(Path.Combine(_secrets, "members", "Z", "node", "operator.json"));
        await RunAsync();
        var again = Json("members/Z/node/operator.json").GetProperty("clientSecret");
        Assert.NotEqual(node.GetProperty("clientSecret").GetString(), again.GetString());
        await Tokens("node-Z", again, Processes.Broker);
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(_secrets, "members"), "*", SearchOption.AllDirectories))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    public async Task DisposeAsync()
    {
        await _live.DisposeAsync();
        Directory.Delete(_secrets, recursive: true);
    }

    /// <summary>Asked for by somebody who knows nothing else: not from a cache.</summary>
    private async Task Tokens(string client, JsonElement secret, string resource)
    {
        using var provider = await Provider.FindAsync(Processes.Broker, Processes, _live.Deadline);
        var (status, _) = await provider.ClientCredentialsAsync(
            new("Z", _operator, client, secret.GetString()!), resource);
        Assert.Equal(System.Net.HttpStatusCode.OK, status);
    }

    private string FileOf(string name) => Path.Combine(_secrets, "members", "Z", name);

    private Dictionary<string, string> Files() =>
        Directory.EnumerateFiles(_secrets, "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText);

    private JsonElement Json(string file) => JsonDocument.Parse(File.ReadAllText(Path.Combine(_secrets, file))).RootElement;

    private async Task RunAsync()
    {
        var description = new ProcessStartInfo("bash", [Script()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        description.Environment["TRACE"] = Trace;
        description.Environment["SECRETS"] = _secrets;
        description.Environment["BROKER"] = Processes.Broker;
        description.Environment["COMPANIES"] = $"Z={_operator}={Processes.Node("A")}";
        using var process = Process.Start(description)!;
        var output = process.StandardOutput.ReadToEndAsync(_live.Deadline);
        var errors = process.StandardError.ReadToEndAsync(_live.Deadline);
        await process.WaitForExitAsync(_live.Deadline);
        Assert.True(process.ExitCode == 0, await output + await errors);
        Assert.Contains("Z is a member.", await output, StringComparison.Ordinal);
    }

    private static string Script([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "..", "deploy", "members.sh"));
}
