using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Traceability.StandinTests;

/// <summary>Where the sources are, and what else is on this machine.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(SourceFolder(), "..", ".."));

    /// <summary>Peers nobody here wrote; tests/run.sh installs what they need.</summary>
    public static string Peers { get; } = Path.Combine(Root, "tests", "peers");

    /// <summary>The oracle of the stand-ins, which lies beside the repository where it is there at all.</summary>
    public static string Surface { get; } = Path.Combine(Root, "..", "shared", "surface");

    /// <summary>Why tests with peers cannot run, if so.</summary>
    public static string? NoPeers { get; } = Directory.Exists(Path.Combine(Peers, "node_modules"))
        ? null
        : "tests/peers is not installed: tests/run.sh does that where node and npm are.";

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int Code, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, string folder, CancellationToken cancellationToken)
    {
        var description = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(description)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return (process.ExitCode, await output + await errors);
    }

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
