using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Traceability.Local.PostgreSql;

/// <summary>
/// A PostgreSQL server of our own: in its own folder, reachable through a Unix socket only, gone when this process is,
/// even if that was killed.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    /// <summary>A socket's path must fit into 107 bytes, of which the server needs some for the file's name.</summary>
    private const int MaxSocketFolder = 85;

    private const string User = "traceability";
    private const int Port = 5432;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Where in its lock file a server says how it is; the lines before say which one it is.</summary>
    private const int StatusLine = 7;

    private readonly GuardedProcess _guardian;
    private readonly string _data;
    private readonly string _socketFolder;

    private PrivatePostgres(GuardedProcess guardian, string data, string socketFolder) =>
        (_guardian, _data, _socketFolder) = (guardian, data, socketFolder);

    /// <summary>
    /// Makes the server's files if the folder has none, starts the server and waits until it answers.
    /// </summary>
    /// <param name="folder">Must not lie under a home that the server's user cannot enter.</param>
    /// <param name="durable">False is for tests: faster, and a crash of the machine may lose data.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<PrivatePostgres> StartAsync(
        string folder, bool durable, CancellationToken cancellationToken)
    {
        var binaries = PostgresBinaries.Find();
        var user = ServerUser.Current();
        var data = Path.Combine(Path.GetFullPath(folder), "data");
        var sockets = SocketFolder(folder);
        Directory.CreateDirectory(folder);
        Directory.CreateDirectory(sockets);
        await user.OwnAsync([folder, sockets], cancellationToken);

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Deadline);
        if (!File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            await user.RunAsync(
                [Path.Combine(binaries, "initdb"), "-D", data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C",
                    "--no-instructions", "--no-sync"],
                deadline.Token);
        }

        var predecessor = await WaitForPredecessorAsync(data, deadline.Token);
        var log = Path.Combine(Path.GetFullPath(folder), "postgres.log");
        var guardian = GuardedProcess.Start(
            user.Describe, Server(binaries, data, sockets, durable), log, signal: "INT");
        var server = new PrivatePostgres(guardian, data, sockets);
        await server.WaitUntilReadyAsync(data, predecessor, log, deadline.Token);
        return server;
    }

    /// <summary>In Npgsql's form.</summary>
    /// <param name="database">Which one.</param>
    /// <param name="role">Null: the one that owns all.</param>
    public string ConnectionString(string database, string? role = null) =>
        $"Host={_socketFolder};Port={Port};Username={role ?? User};Database={database}";

    public ValueTask DisposeAsync() => _guardian.DisposeAsync();

    /// <summary>As a crash would end it: at once, with nothing written that was not written yet.</summary>
    public async Task KillAsync()
    {
        var id = int.Parse(File.ReadLines(LockFile(_data)).First(), CultureInfo.InvariantCulture);
        using var server = Process.GetProcessById(id);
        server.Kill();
        // Its children notice by themselves.
        await DisposeAsync();
    }

    private static string[] Server(string binaries, string data, string sockets, bool durable)
    {
        string[] settings =
        [
            "unix_socket_permissions=0700", "max_connections=1000", "shared_buffers=128MB", "jit=off",
            .. durable ? Array.Empty<string>() : ["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
        ];
        return
        [
            Path.Combine(binaries, "postgres"), "-D", data, "-k", sockets, "-h", "", "-p", $"{Port}",
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
    }

    private static string SocketFolder(string folder)
    {
        var beside = Path.Combine(Path.GetFullPath(folder), "socket");
        return Encoding.UTF8.GetByteCount(beside) <= MaxSocketFolder
            ? beside
            : Directory.CreateTempSubdirectory("pg").FullName;
    }

    /// <summary>A server whose owner was killed may still be on its way down.</summary>
    /// <returns>What it has left in its lock file.</returns>
    private static async Task<string[]> WaitForPredecessorAsync(string data, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval);
        while (true)
        {
            var left = ReadLockFile(data);
            if (left.Length == 0 || !IsAlive(left[0], data))
            {
                return left;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static string LockFile(string data) => Path.Combine(data, "postmaster.pid");

    /// <summary>Whether a process is a server on these data, as far as the system lets us see.</summary>
    private static bool IsAlive(string id, string data)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Contains(data, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string[] ReadLockFile(string data)
    {
        try
        {
            return File.ReadAllLines(LockFile(data));
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>As pg_ctl finds out; a program to ask with is not part of every installation.</summary>
    private async Task WaitUntilReadyAsync(
        string data, string[] predecessor, string log, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval);
        try
        {
            while (!IsReady(ReadLockFile(data), predecessor))
            {
                if (_guardian.HasExited)
                {
                    throw new InvalidOperationException($"PostgreSQL did not start: {Tail(log)}");
                }

                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException exception)
        {
            await DisposeAsync();
            throw new TimeoutException(
                $"PostgreSQL was not ready in {Deadline.TotalSeconds} s: {Tail(log)}", exception);
        }
    }

    private static bool IsReady(string[] status, string[] predecessor) =>
        status.Length > StatusLine
        && status[StatusLine].StartsWith("ready", StringComparison.Ordinal)
        && !status.Take(StatusLine).SequenceEqual(predecessor.Take(StatusLine));

    private static string Tail(string log) =>
        File.Exists(log) ? string.Join(Environment.NewLine, File.ReadLines(log).TakeLast(20)) : "it wrote no log.";
}
