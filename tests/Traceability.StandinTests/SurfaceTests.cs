using Traceability.Local.PostgreSql;
using Xunit;

namespace Traceability.StandinTests;

/// <summary>The same, unmodified program prints what it printed with the real packages.</summary>
public class SurfaceTests
{
    private static readonly CancellationTokenSource Timer = new(TimeSpan.FromMinutes(5));

    [SurfaceFact]
    public Task Grpc_prints_the_recorded_transcript() => PrintsItsTranscriptAsync("Grpc");

    [SurfaceFact]
    public Task OpenTelemetry_prints_the_recorded_transcript() => PrintsItsTranscriptAsync("OpenTelemetry");

    [SurfaceFact]
    public async Task Marten_prints_the_recorded_transcript()
    {
        var folder = Directory.CreateTempSubdirectory("traceability-standin-").FullName;
        await using var postgres = await PrivatePostgres.StartAsync(folder, durable: false, Timer.Token);
        // The user of the private server is named like the schema, which would make its tables part of the search path.
        await PrintsItsTranscriptAsync("Marten", $"{postgres.ConnectionString("postgres")};Search Path=public");
    }

    private static async Task PrintsItsTranscriptAsync(string name, params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("traceability-surface-").FullName;
        Copy(Path.Combine(Repository.Surface, name), folder);
        var output = Path.Combine(folder, "output");
        string[] build =
            ["build", $"-p:Standin={Repository.Root}/src/Standins", "--configuration", "Release", "--output", output];
        var (built, messages) = await Repository.RunAsync("dotnet", build, folder, Timer.Token);
        Assert.True(built == 0, messages);

        var program = Path.Combine(output, $"Surface.{name}.dll");
        var (code, printed) = await Repository.RunAsync("dotnet", [program, .. arguments], folder, Timer.Token);

        Assert.Equal(0, code);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(folder, "transcript.txt"), Timer.Token), printed);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>What the program builds must not land beside its source.</summary>
    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

/// <summary>A test with the oracle of the stand-ins; skipped, with the reason, where that is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SurfaceFactAttribute : FactAttribute
{
    public SurfaceFactAttribute() => Skip = Directory.Exists(Repository.Surface)
        ? null
        : "The programs recorded with the real packages are not on this machine (../shared/surface).";
}
