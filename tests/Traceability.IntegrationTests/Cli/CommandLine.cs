using System.Diagnostics;
using System.Text.Json;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>The program `trace` as a process of its own.</summary>
internal sealed class CommandLine(LocalFederation processes, string company, CancellationToken deadline)
{
    private static readonly string Program = Programs.PathOf("Traceability.Cli", "trace.dll");

    public CommandLine(Harness.Federation federation, string company)
        : this(federation.Processes, company, federation.Deadline)
    {
    }

    public CommandLine(LiveFederation live, string company)
        : this(live.Processes, company, live.Deadline)
    {
    }

    /// <summary>Runs a command that must succeed, and reads its answer.</summary>
    public async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var (code, output, errors) = await RunAsync([.. arguments, "--output", "json"]);
        Assert.True(code == 0, errors);
        return JsonDocument.Parse(output).RootElement;
    }

    public async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var description = new ProcessStartInfo("dotnet", [Program, "--as", company, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        description.Environment["TRACEABILITY_PROFILES"] = processes.Profiles;
        using var process = Process.Start(description)!;
        var output = process.StandardOutput.ReadToEndAsync(deadline);
        var errors = process.StandardError.ReadToEndAsync(deadline);
        await process.WaitForExitAsync(deadline);
        return (process.ExitCode, await output, await errors);
    }
}
