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

    /// <summary>A setting that no server reads any more is a container that does not start.</summary>
    [Fact]
    public void Every_setting_of_the_composition_is_one_that_a_server_reads()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Folder, "..", "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .ToLookup(file => Path.GetFileName(file), File.ReadAllText);
        var settings = Setting().Matches(File.ReadAllText(Path.Combine(Folder, "compose.yaml")))
            .Select(match => (Section: match.Groups[1].Value, Name: match.Groups[2].Value))
            .Where(setting => setting.Section != "ConnectionStrings").Distinct().ToArray();

        Assert.True(settings.Length > 10, $"{settings.Length}");
        Assert.All(settings, setting => Assert.True(
            sources[$"{setting.Section}Settings.cs"].Any(
                source => source.Contains($" {setting.Name} {{ get;", StringComparison.Ordinal))
            || sources.SelectMany(file => file).Any(
                source => source.Contains($"\"{setting.Section}:{setting.Name}\"", StringComparison.Ordinal)),
            $"{setting.Section}__{setting.Name}"));
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

    [GeneratedRegex("^ *([A-Z][A-Za-z]+)__([A-Za-z]+)", RegexOptions.Multiline)]
    private static partial Regex Setting();

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
