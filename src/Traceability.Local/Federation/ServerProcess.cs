using System.Diagnostics;

namespace Traceability.Local.Federation;

/// <summary>A server in a process of its own, from what was built beside this program.</summary>
internal sealed class ServerProcess : IStartedServer
{
    /// <summary>How long .NET waits for calm before it optimises what is called often; 64 unless it is set.</summary>
    private const string OptimisingDelay = "DOTNET_TC_CallCountingDelayMs";

    private readonly GuardedProcess _process;

    private ServerProcess(GuardedProcess process) => _process = process;

    public bool HasExited => _process.HasExited;

    public static ServerProcess Start(ServerStart start)
    {
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var assembly = Path.GetFullPath(Path.Combine(
            AppContext.BaseDirectory, "..", "..", start.Project, configuration, $"{start.Project}.dll"));
        return new(GuardedProcess.Start(
            command => Describe(command, start), ["dotnet", assembly], start.LogFile, signal: "TERM"));
    }

    public Task KillAsync() => _process.KillAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static ProcessStartInfo Describe(string[] command, ServerStart start)
    {
        var description = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = start.Folder };
        description.Environment["TRACEABILITY_SETTINGS"] = start.SettingsFile;
        description.Environment["DOTNET_TieredPGO"] = "0";
        // Hexadecimal: 1 s. These servers live for minutes, and a third of their start went into optimising it.
        description.Environment.TryAdd(OptimisingDelay, "3E8");
        if (start.Collector is not null)
        {
            description.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = start.Collector;
            description.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        }

        return description;
    }
}
