using System.Diagnostics;

namespace Traceability.Local.PostgreSql;

/// <summary>Runs the programs of PostgreSQL and the few of the system that they need, each with a deadline.</summary>
internal static class Command
{
    private static readonly string[] SystemFolders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

    /// <summary>Where a program of the system is, or null.</summary>
    public static string? Find(string program) =>
        SystemFolders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    public static ProcessStartInfo Describe(IReadOnlyList<string> words)
    {
        // The account that runs the server may not enter our working folder.
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
        };
        // Messages of PostgreSQL are compared, so they have to be in one language.
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>Runs to the end, and throws with what was printed when that end is not a good one.</summary>
    public static async Task RunAsync(
        IReadOnlyList<string> words,
        TimeSpan deadline,
        CancellationToken cancellationToken
    )
    {
        var start = Describe(words);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process =
            Process.Start(start) ?? throw new InvalidOperationException($"{words[0]} could not be started.");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken).WaitAsync(deadline, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{string.Join(' ', words)} ended with {process.ExitCode}:\n{await errors}{await output}"
            );
        }
    }
}
