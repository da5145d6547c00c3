using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Traceability.Benchmarks;

/// <summary>Times and tables.</summary>
internal static class Measure
{
    /// <summary>The best of several runs: what the code costs without its neighbours.</summary>
    public static TimeSpan Best(int runs, Action action)
    {
        var best = TimeSpan.MaxValue;
        for (var run = 0; run < runs; run++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            var took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
        }

        return best;
    }

    /// <summary>Every single time, in order of length.</summary>
    public static async Task<TimeSpan[]> EachAsync(int runs, Func<int, Task> action)
    {
        var times = new TimeSpan[runs];
        for (var run = 0; run < runs; run++)
        {
            var start = Stopwatch.GetTimestamp();
            await action(run);
            times[run] = Stopwatch.GetElapsedTime(start);
        }

        Array.Sort(times);
        return times;
    }

    public static TimeSpan Percentile(TimeSpan[] sorted, double share) =>
        sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];

    public static string Milliseconds(TimeSpan time) =>
        time.TotalMilliseconds.ToString("0.00", CultureInfo.InvariantCulture);

    public static string Ratio(TimeSpan ours, TimeSpan other) =>
        (ours / other).ToString("0.00", CultureInfo.InvariantCulture);

    public static Table Table(string title, params string[] columns)
    {
        AnsiConsole.Profile.Width = 140;
        return new Table().Title(title).Border(TableBorder.Markdown).AddColumns(columns);
    }
}
