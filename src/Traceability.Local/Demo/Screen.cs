using Spectre.Console;
using Traceability.Local.Federation;

namespace Traceability.Local.Demo;

/// <summary>What a person in front of a demo sees.</summary>
internal static class Screen
{
    /// <summary>Names the file that deploy/trace reads.</summary>
    private const string ProfilesVariable = "TRACEABILITY_PROFILES";

    /// <summary>Where output goes to a file or a pipe there is no window to fit into.</summary>
    private const int RedirectedWidth = 160;

    public static void Prepare()
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Capabilities.Ansi = false;
            AnsiConsole.Profile.Width = RedirectedWidth;
        }
    }

    public static void Tell(string what) => AnsiConsole.MarkupLineInterpolated($"  [grey]*[/] {what}");

    /// <summary>Keeps everything running until Ctrl-C, and says what one could try meanwhile.</summary>
    public static async Task StayAsync(LocalFederation federation, string next, CancellationToken cancellationToken)
    {
        var profiles = Environment.GetEnvironmentVariable(ProfilesVariable);
        if (profiles is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(profiles)!);
            federation.WriteProfiles(profiles);
        }

        foreach (var node in federation.Companies.GroupBy(company => federation.Node(company.Name)))
        {
            Tell($"node of {string.Join(", ", node.Select(company => company.Name))}: {node.Key}");
        }

        Tell($"broker: {federation.Broker}");
        Console.WriteLine("\nTry next, in another terminal:");
        foreach (var line in next.Split('\n').Append("deploy/trace --help"))
        {
            Console.WriteLine($"  {line}");
        }

        Console.WriteLine("\nEverything keeps running until Ctrl-C.");
        var stopped = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(() => stopped.TrySetResult());
        await stopped.Task;
        if (profiles is not null)
        {
            File.Delete(profiles);
        }
    }
}
