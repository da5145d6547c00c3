using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Traceability.IntegrationTests.Deploy;

/// <summary>deploy/compose.yaml, as docker reads it.</summary>
public partial class ComposeTests
{
    private static string Folder { get; } = Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", "..", "deploy"));

    [ComposeFact]
    public void The_composition_is_valid_and_every_secret_must_be_given()
    {
        var file = Path.Combine(Folder, "compose.yaml");
        var variables = Variable().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value).Distinct();
        var environment = Path.GetTempFileName();
        Assert.NotEqual(0, Compose("--file", file, "config", "--quiet"));

        File.WriteAllLines(environment, variables.Select(name => $"{name}=value"));

        Assert.Equal(0, Compose("--env-file", environment, "--file", file, "config", "--quiet"));
        File.Delete(environment);
    }

    internal static int Compose(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("docker", ["compose", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex(@"\$\{([A-Z0-9_]+):\?")]
    private static partial Regex Variable();
}

/// <summary>A test with docker's compose client; skipped, with the reason, where that is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ComposeFactAttribute : FactAttribute
{
    public ComposeFactAttribute() => Skip = ComposeTests.Compose("version") == 0
        ? null
        : "`docker compose` is not on this machine.";
}
