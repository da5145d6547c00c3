using System.Diagnostics;
using System.Text.Json;
using Traceability.IntegrationTests.Harness;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>The program `trace` as a process of its own.</summary>
internal sealed class CommandLine(Federation federation, string company)
{
    private static readonly string Program = Programs.PathOf("Traceability.Cli", "trace.dll");

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
        description.Environment["TRACEABILITY_PROFILES"] = federation.Processes.Profiles;
        using var process = Process.Start(description)!;
        var output = process.StandardOutput.ReadToEndAsync(federation.Deadline);
        var errors = process.StandardError.ReadToEndAsync(federation.Deadline);
        await process.WaitForExitAsync(federation.Deadline);
        return (process.ExitCode, await output, await errors);
    }
}
