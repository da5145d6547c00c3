using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;

namespace Traceability.Node.Operators;

/// <summary>What can fail for good.</summary>
internal enum ProblemKind
{
    Notice = 1,
    Recalculation = 2,
    Message = 3,

    /// <summary>Something about keys, or about how the broker shows and delivers.</summary>
    Key = 4,
}

/// <summary>Something that failed for good, was put aside, and waits for a person.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="About">What it is about. Never figures or names.</param>
/// <param name="Content">All that is needed to try it again.</param>
/// <param name="Reason">Why, for programs.</param>
/// <param name="Explanation">Why, in words, and what can be done.</param>
/// <param name="Traceparent">The trace it belongs to.</param>
internal sealed record Problem(
    ProblemKind Kind, string About, byte[] Content, string Reason, string Explanation, string Traceparent);

/// <summary>A roll-up that failed; the totals of its parts stand as they were.</summary>
internal static class RecalculationProblem
{
    public static Problem Of(IReadOnlyCollection<TraceId> parts, Exception fault) => new(
        ProblemKind.Recalculation,
        string.Join(", ", parts.Order().Take(MaxNamed))
        + (parts.Count > MaxNamed ? $" and {parts.Count - MaxNamed} more" : ""),
        JsonSerializer.SerializeToUtf8Bytes(parts),
        Faults.Describe(fault),
        fault is RefusedException refused
            ? refused.Message
            : "The roll-up failed; the log of the node says more. The totals stand as they were.",
        Activity.Current?.Id ?? "");

    /// <summary>More ids help nobody.</summary>
    private const int MaxNamed = 10;

    public static TraceId[] Parts(byte[] content) => JsonSerializer.Deserialize<TraceId[]>(content)!;
}

/// <summary>What a node counts, in the words of the domain.</summary>
internal static class NodeMetrics
{
    private static readonly Meter Meter = new("Traceability.Node");

    /// <summary>What failed for good and was put aside.</summary>
    public static Counter<long> Problems { get; } = Meter.CreateCounter<long>(
        "traceability.node.problems", description: "What failed for good and was put aside for a person.");

    /// <summary>What was found about keys and the broker that is not as it should be.</summary>
    public static Counter<long> KeyAlarms { get; } = Meter.CreateCounter<long>(
        "traceability.node.key_alarms", description: "What a person must look at: keys, and what the broker shows.");
}
