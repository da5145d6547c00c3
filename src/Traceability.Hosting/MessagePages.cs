using Google.Protobuf;

namespace Traceability.Hosting;

/// <summary>
/// Answers are cut by bytes, and not by count alone: what was done is never followed by an answer that cannot be sent.
/// </summary>
public static class MessagePages
{
    /// <summary>So much of a message is a list at most; the largest answers have three, and more beside them.</summary>
    public const int MaxBytes = HostingDefaults.MaxMessageBytes / 4;

    /// <summary>A tag and a length, whatever the field.</summary>
    private const int Overhead = 12;

    /// <summary>The first of a list that fit, and at least one.</summary>
    public static IReadOnlyList<T> ThatFit<T>(this IEnumerable<T> items, int maxBytes = MaxBytes)
        where T : IMessage
    {
        List<T> fitting = [];
        var bytes = 0L;
        foreach (var item in items)
        {
            bytes += item.CalculateSize() + Overhead;
            if (bytes > maxBytes && fitting.Count > 0)
            {
                break;
            }

            fitting.Add(item);
        }

        return fitting;
    }

    /// <summary>The token of the page that goes on behind what is shown; empty behind the last.</summary>
    /// <param name="shown">How many rows are shown.</param>
    /// <param name="rows">Those that were read.</param>
    /// <param name="size">How many were asked for.</param>
    /// <param name="token">Of a row: what follows it comes next.</param>
    public static string Next<T>(int shown, IReadOnlyList<T> rows, int size, Func<T, string> token) =>
        rows.Count > 0 && (shown < rows.Count || rows.Count == size) ? token(rows[shown - 1]) : "";
}
