using Traceability.Local.PostgreSql;

namespace Traceability.Local.Federation;

/// <summary>A server that is to be started.</summary>
/// <param name="Name">"broker", or such as "node-A".</param>
/// <param name="Project">What is built as its program: Traceability.Broker or Traceability.Node.</param>
/// <param name="Folder">Of the federation.</param>
/// <param name="SettingsFile">What it is told.</param>
/// <param name="LogFile">Takes what it logs, after what it has logged before.</param>
/// <param name="Collector">Where it sends telemetry (OTLP over HTTP). Null: nowhere.</param>
public sealed record ServerStart(
    string Name, string Project, string Folder, string SettingsFile, string LogFile, string? Collector);

/// <summary>A server that was started. To dispose of it is to ask it to end, and to wait until it has.</summary>
public interface IStartedServer : IAsyncDisposable
{
    /// <summary>Whether it has ended by itself.</summary>
    bool HasExited { get; }

    /// <summary>Ends it as a crash would.</summary>
    Task KillAsync();
}

/// <summary>What a federation stands on. The default: PostgreSQL and processes, all of its own.</summary>
public sealed record Ground
{
    /// <summary>A server that others use, too. Null: one of the federation's own, which ends with it.</summary>
    public PrivatePostgres? Postgres { get; init; }

    /// <summary>Other federations on the same server have others. Those of operators are named by their ids.</summary>
    public string BrokerDatabase { get; init; } = "broker";

    /// <summary>Called before a server is told to open a database; the server makes what is not there.</summary>
    public Func<string, CancellationToken, Task> PrepareAsync { get; init; } = (_, _) => Task.CompletedTask;

    /// <summary>Starts a server, which writes its address into a file once it answers.</summary>
    public Func<ServerStart, CancellationToken, Task<IStartedServer>> StartAsync { get; init; } =
        (start, _) => Task.FromResult<IStartedServer>(ServerProcess.Start(start));
}
