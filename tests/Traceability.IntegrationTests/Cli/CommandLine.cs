using System.Diagnostics;
using System.Text.Json;
using Traceability.Cli;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>The commands of `trace`, without a process for each: a process of its own is the point of few tests.</summary>
internal sealed class CommandLine(
    LocalFederation processes, string company, CancellationToken deadline, bool ownProcess = false)
{
    private static readonly string Program = Programs.PathOf("Traceability.Cli", "trace.dll");

    public CommandLine(Harness.Federation federation, string company, bool ownProcess = false)
        : this(federation.Processes, company, federation.Deadline, ownProcess)
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
        string[] all = ["--as", company, .. arguments];
        return await (ownProcess
            ? InOwnProcessAsync(all)
            : InThisProcessAsync(all.Contains("--profiles") ? all : [.. all, "--profiles", processes.Profiles])
                .WaitAsync(deadline));
    }

    private static async Task<(int Code, string Output, string Errors)> InThisProcessAsync(string[] arguments)
    {
        using var said = new Said();
        var code = await LastNet.RunAsync(Commands.Root.Parse(arguments));
        return (code, said.Output, said.Errors);
    }

    private async Task<(int Code, string Output, string Errors)> InOwnProcessAsync(string[] arguments)
    {
        var description = new ProcessStartInfo("dotnet", [Program, .. arguments])
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
