using System.Diagnostics;

namespace Traceability.Local.Federation;

/// <summary>A server in a process of its own, from what was built beside this program.</summary>
internal sealed class ServerProcess : IStartedServer
{
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
        if (start.Collector is not null)
        {
            description.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = start.Collector;
            description.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        }

        return description;
    }
}
