using JasperFx.Events;
using Marten;

namespace Traceability.Storage;

/// <summary>An event with who recorded it, when and why.</summary>
public sealed record RecordedEvent(
    string Stream, long Version, DateTimeOffset Time, string Type, string By, string Correlation, string Causation,
    object Data)
{
    public string Name => $"{Type} ({Stream}, version {Version})";
}

/// <summary>All that was ever recorded.</summary>
public static class History
{
    /// <summary>The events of several streams, oldest first.</summary>
    public static async Task<IReadOnlyList<RecordedEvent>> HistoryAsync(
        this IQuerySession session, IReadOnlyCollection<string> streams, CancellationToken cancellationToken)
    {
        string[] names = [.. streams];
        var events = await session.Events.QueryAllRawEvents().Where(e => e.StreamKey!.IsOneOf(names))
            .OrderBy(e => e.Sequence).ToListAsync(cancellationToken);
        return [.. events.Select(Recorded)];
    }

    private static RecordedEvent Recorded(IEvent e) => new(
        e.StreamKey!, e.Version, e.Timestamp, e.EventTypeName, e.UserName ?? "", e.CorrelationId ?? "",
        e.CausationId ?? "", e.Data);
}
