using System.Diagnostics;
using System.Text.Json;
using Traceability.Domain.Parts;

namespace Traceability.Node.Operators;

/// <summary>The one transaction of an act of one operator.</summary>
internal sealed class OperatorSession(
    OpenTransaction open, HostedOperator op, NodeSettings node, IReadOnlySet<OperatorId> strangers, DateTimeOffset now)
    : ActSession(open)
{
    private readonly HashSet<TraceId> _touched = [];

    public OperatorId Operator => op.OperatorId;

    public OperatorKeys Keys => op.Keys;

    public NodeSettings Node => node;

    /// <summary>The moment of the act.</summary>
    public DateTimeOffset Now => now;

    /// <summary>Whose the part numbers are, in one form of writing, as far as the act has met them.</summary>
    public Dictionary<string, Part> PartNumbers { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the broker is to be told something.</summary>
    public bool HasNotices { get; set; }

    /// <summary>Whether something comes due later.</summary>
    public bool HasDue { get; private set; }

    /// <summary>
    /// A mistyped id is found at once; where the broker is away, what is decided holds when it is back.
    /// </summary>
    public void MustBeMember(string field, OperatorId operatorId)
    {
        if (strangers.Contains(operatorId))
        {
            throw RefusedException.NotDisclosed("Operator", field, operatorId);
        }
    }

    /// <summary>What the broker is to be told, in order, once this is committed.</summary>
    public void Notify<TNotice>(TradeId about, TNotice notice)
        where TNotice : INotice
    {
        HasNotices = true;
        Queue(
            $"insert into {EventDatabases.Schema}.outbox (kind, key, payload, traceparent) values (?, ?, ?, ?)",
            TNotice.Kind,
            about.ToString(),
            JsonSerializer.Serialize(notice),
            Activity.Current?.Id ?? "");
    }

    /// <summary>The footprints of the parts may have changed: they are rolled up before this is committed.</summary>
    public void Touch(params IEnumerable<TraceId> parts) => _touched.UnionWith(parts);

    /// <summary>The footprint of a part, or what is shown of it, changes at a later time; null: at none.</summary>
    public void TouchAt(TraceId part, DateTimeOffset? due)
    {
        if (due is null || due <= now)
        {
            return;
        }

        HasDue = true;
        Queue(
            $"insert into {EventDatabases.Schema}.recalculation (trace_id, due_at) values (?, ?)",
            part.Value,
            // The column keeps microseconds: what is looked at a part of one too early would be looked at in vain.
            due.Value.ToUniversalTime().AddTicks(
                (TimeSpan.TicksPerMicrosecond - (due.Value.Ticks % TimeSpan.TicksPerMicrosecond))
                % TimeSpan.TicksPerMicrosecond));
    }

    public IReadOnlyCollection<TraceId> Touched => [.. _touched];

    /// <summary>What has been touched since it was taken last.</summary>
    public IReadOnlyCollection<TraceId> TakeTouched()
    {
        TraceId[] touched = [.. _touched];
        _touched.Clear();
        return touched;
    }

    /// <summary>A problem is no more: it was solved, or given up.</summary>
    public void DropProblem(long problemId) =>
        Queue($"delete from {EventDatabases.Schema}.problem where id = ?", problemId);

    /// <summary>Something failed for good: a person will look at it, and nothing waits for it.</summary>
    public void SetAside(Problem problem)
    {
        Queue(
            $"""
            insert into {EventDatabases.Schema}.problem
                (kind, key, content, reason, explanation, traceparent, occurred_at)
            values (?, ?, ?, ?, ?, ?, ?)
            """,
            $"{problem.Kind}".ToLowerInvariant(),
            problem.About,
            problem.Content,
            problem.Reason,
            problem.Explanation,
            problem.Traceparent,
            now);
        NodeMetrics.Problems.Add(1, new KeyValuePair<string, object?>("kind", $"{problem.Kind}".ToLowerInvariant()));
    }
}
