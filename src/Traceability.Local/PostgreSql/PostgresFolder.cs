using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Traceability.Local.PostgreSql;

/// <summary>The folder of one private server: its data, its log, and who may start a server on it.</summary>
internal sealed class PostgresFolder : IDisposable
{
    /// <summary>The only role that initdb makes. It needs no password: nobody else reaches the socket.</summary>
    public const string Role = "traceability";

    // PostgreSQL refuses to run as root; this account comes with its package.
    private const string Account = "postgres";

    // A path of a socket ends at 104 bytes on some systems; "/.s.PGSQL.5432" follows the folder.
    private const int MaxSocketFolderBytes = 80;

    private static readonly TimeSpan InitializeDeadline = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan CommandDeadline = TimeSpan.FromSeconds(10);

    // A server that is shutting down writes a last checkpoint, which takes long on a slow disk.
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(60);

    private readonly string folder;
    private readonly string binaries;
    private readonly FileStream hold;

    private PostgresFolder(string folder, string binaries)
    {
        this.folder = folder;
        this.binaries = binaries;
        SocketFolder = ChooseSocketFolder(folder);
        hold = Hold(folder);
    }

    public string Data => Path.Combine(folder, "data");

    public string Log => Path.Combine(folder, "server.log");

    public string SocketFolder { get; }

    /// <summary>What comes before a command line so that it does not run as root.</summary>
    public IReadOnlyList<string> StepDown { get; } = Environment.IsPrivilegedProcess ? StepDownWords() : [];

    public string Program(string name) => Path.Combine(binaries, name);

    /// <summary>Takes the folder for this process and brings it to where a server can be started on it.</summary>
    public static async Task<PostgresFolder> OpenAsync(
        string folder,
        string binaries,
        bool durable,
        CancellationToken cancellationToken
    )
    {
        Directory.CreateDirectory(folder);
        var opened = new PostgresFolder(folder, binaries);
        try
        {
            await opened.HandOverAsync(cancellationToken);
            await opened.InitializeAsync(durable, cancellationToken);
            await opened.StopLeftoverAsync(cancellationToken);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Dispose() => hold.Dispose();

    /// <summary>The lines of the server's own status file; none when there is none.</summary>
    public string[] ReadStatus()
    {
        try
        {
            return File.ReadAllLines(StatusFile);
        }
        catch (IOException)
        {
            return [];
        }
    }

    public string LogTail()
    {
        const int Lines = 20;
        try
        {
            return $"The end of {Log}:\n" + string.Join('\n', File.ReadLines(Log).TakeLast(Lines));
        }
        catch (IOException)
        {
            return $"There is no {Log}.";
        }
    }

    private string StatusFile => Path.Combine(Data, "postmaster.pid");

    // The system gives the lock back when the process ends, however it ends.
    private static FileStream Hold(string folder)
    {
        try
        {
            return new(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new InvalidOperationException($"Another program runs a server on {folder}.", exception);
        }
    }

    // A comma would separate two hosts for Npgsql and two folders for the server.
    private static string ChooseSocketFolder(string folder)
    {
        var beside = Path.Combine(folder, "socket");
        return Encoding.UTF8.GetByteCount(beside) <= MaxSocketFolderBytes && !beside.Contains(',')
            ? beside
            : Path.Combine(Path.GetTempPath(), "pg-" + RandomNumberGenerator.GetHexString(16, lowercase: true));
    }

    private static string[] StepDownWords() =>
        Command.Find("setpriv") is { } setpriv
            ? [setpriv, "--reuid", Account, "--regid", Account, "--clear-groups", "--no-new-privs", "--"]
            : Command.Find("runuser") is { } runuser
                ? [runuser, "-u", Account, "--"]
                : throw new InvalidOperationException("As root, setpriv or runuser (of util-linux) is needed.");

    private async Task HandOverAsync(CancellationToken cancellationToken)
    {
        if (StepDown.Count == 0)
        {
            return;
        }

        await Command.RunAsync(["/bin/chown", Account, folder], CommandDeadline, cancellationToken);
        try
        {
            string[] enter = [.. StepDown, "/bin/sh", "-c", "cd \"$1\"", "sh", folder];
            await Command.RunAsync(enter, CommandDeadline, cancellationToken);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException(
                $"As root, the server runs as {Account}, who cannot enter {folder}: choose a folder whose parents let"
                    + " everyone pass, so none under /root.",
                exception
            );
        }
    }

    /// <summary>Makes the data folder beside its place and then renames it, so that it is whole or not there.</summary>
    private async Task InitializeAsync(bool durable, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Data))
        {
            return;
        }

        var unfinished = Data + ".new";
        if (Directory.Exists(unfinished))
        {
            Directory.Delete(unfinished, recursive: true);
        }

        string[] initialize =
        [
            .. StepDown,
            Program("initdb"),
            $"--pgdata={unfinished}",
            $"--username={Role}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            .. durable ? Array.Empty<string>() : ["--no-sync"],
        ];
        await Command.RunAsync(initialize, InitializeDeadline, cancellationToken);
        Directory.Move(unfinished, Data);
    }

    /// <summary>
    /// Stops a server whose program was killed. It is mostly stopping already; since we hold the folder, nobody
    /// uses it any more.
    /// </summary>
    private async Task StopLeftoverAsync(CancellationToken cancellationToken)
    {
        var status = ReadStatus();
        if (status.Length == 0 || !int.TryParse(status[0], CultureInfo.InvariantCulture, out var id))
        {
            return;
        }

        if (IsServer(id))
        {
            var seconds = StopDeadline.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            string[] stop = [.. StepDown, Program("pg_ctl"), "stop", "-D", Data, "-m", "fast", "-w", "-t", seconds];
            try
            {
                await Command.RunAsync(stop, StopDeadline + CommandDeadline, cancellationToken);
            }
            catch (InvalidOperationException) when (!IsServer(id))
            {
                // It was gone before it could be asked.
            }
        }
        else
        {
            // After a restart of the machine another process may have that number, and postgres would believe it.
            File.Delete(StatusFile);
        }
    }

    /// <summary>True when that process lives and is a server on our data, as far as the system lets us see.</summary>
    private bool IsServer(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited
                && (!OperatingSystem.IsLinux() || File.ReadAllText($"/proc/{id}/cmdline").Contains(Data));
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or InvalidOperationException)
        {
            return false;
        }
    }
}
