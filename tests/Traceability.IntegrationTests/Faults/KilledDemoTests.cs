using System.Diagnostics;
using Traceability.IntegrationTests.Harness;
using Xunit;

namespace Traceability.IntegrationTests.Faults;

/// <summary>The demo dies without tidying up.</summary>
public class KilledDemoTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task Nothing_that_a_killed_demo_has_started_keeps_running()
    {
        using var timer = new CancellationTokenSource(Deadline);
        var folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;
        var program = Programs.PathOf("Traceability.Local", "Traceability.Local.dll");
        using var demo = Process.Start(new ProcessStartInfo("dotnet", [program, "demo", "--folder", folder])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            while (await demo.StandardOutput.ReadLineAsync(timer.Token) is { } line
                && !line.StartsWith("cradle-to-gate total: 18 kg CO2e", StringComparison.Ordinal))
            {
                // The story goes on.
            }

            Assert.NotEmpty(ProcessesOf(folder));
        }
        finally
        {
            demo.Kill();
        }

        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (ProcessesOf(folder).Count > 0)
        {
            await tick.WaitForNextTickAsync(timer.Token);
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Everything that runs with the folder in its command or its settings.</summary>
    private static List<string> ProcessesOf(string folder) =>
        [.. Directory.EnumerateDirectories("/proc").Where(process => Mentions(process, folder))];

    private static bool Mentions(string process, string folder)
    {
        try
        {
            return new[] { "cmdline", "environ" }.Any(
                file => File.ReadAllText(Path.Combine(process, file)).Contains(folder, StringComparison.Ordinal));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
