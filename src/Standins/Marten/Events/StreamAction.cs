namespace JasperFx.Events;

/// <summary>Events that are to be appended to one stream.</summary>
public sealed class StreamAction
{
    private readonly List<IEvent> _events = [];

    internal StreamAction(string key, Type? aggregateType, bool isNew, long? expectedVersion) =>
        (Key, AggregateType, IsNew, ExpectedVersion) = (key, aggregateType, isNew, expectedVersion);

    public string Key { get; }

    public Type? AggregateType { get; }

    public IReadOnlyList<IEvent> Events => _events;

    /// <summary>The stream must not be there.</summary>
    internal bool IsNew { get; }

    /// <summary>The stream must stand at this version. Null: wherever it stands.</summary>
    internal long? ExpectedVersion { get; }

    /// <summary>After saving: versions follow the one that was expected. Elsewhere only the database knows them.</summary>
    internal void NumberEvents()
    {
        if (!IsNew && ExpectedVersion is null)
        {
            return;
        }

        foreach (var (index, e) in _events.Index())
        {
            var stored = (Marten.Events.IEventEnvelope)e;
            stored.Envelope = stored.Envelope with { Version = (ExpectedVersion ?? 0) + index + 1 };
        }
    }

    internal void Add(IEnumerable<IEvent> events) => _events.AddRange(events);
}
