using System.Collections.Concurrent;

namespace Traceability.Node.Trust;

/// <summary>
/// What an operator was shown of the broker's log of what it decided, and heard that others were: signed notes.
/// </summary>
internal sealed class BrokerLogView
{
    private readonly ConcurrentDictionary<MessageId, DateTimeOffset> _taken = [];

    /// <summary>The newest that was seen to continue all before it; empty: none yet.</summary>
    public string Newest { get; set; } = "";

    /// <summary>What was heard last and not compared yet; empty: nothing.</summary>
    public string Heard { get; private set; } = "";

    /// <summary>The one that was heard is longer than what is shown here, since then.</summary>
    public DateTimeOffset? AheadSince { get; set; }

    public void Hear(string note)
    {
        if (note.Length > 0 && note != Newest)
        {
            Heard = note;
        }
    }

    public void Compared(string note)
    {
        AheadSince = null;
        if (Heard == note)
        {
            Heard = "";
        }
    }

    /// <summary>The broker says that it has taken a message: it must be among its decisions.</summary>
    public void Take(MessageId messageId, DateTimeOffset now) => _taken.TryAdd(messageId, now);

    public void Decided(IEnumerable<MessageId> messageIds)
    {
        foreach (var id in messageIds)
        {
            _taken.TryRemove(id, out _);
        }
    }

    /// <summary>What was taken before a moment, and of which no decision was seen.</summary>
    public IReadOnlyList<MessageId> TakenBefore(DateTimeOffset moment) =>
        [.. _taken.Where(one => one.Value < moment).Select(one => one.Key)];
}
