using JasperFx;
using JasperFx.Events;
using Marten.Events;
using Marten.Exceptions;
using Marten.Schema;
using Npgsql;

namespace Marten.Sessions;

/// <summary>The streams of one session.</summary>
internal sealed class SessionEvents(StoreOptions options, MartenDatabase database, Session session)
    : IEventStoreOperations
{
    private readonly List<StreamAction> _actions = [];

    public IReadOnlyList<StreamAction> Pending() => [.. _actions.Where(action => action.Events.Count > 0)];

    public void Clear() => _actions.Clear();

    public StreamAction StartStream<T>(string streamKey, params object[] events)
        where T : class => StartStream<T>(streamKey, events.AsEnumerable());

    public StreamAction StartStream<T>(string streamKey, IEnumerable<object> events)
        where T : class
    {
        var action = Add(new StreamAction(streamKey, typeof(T), isNew: true, expectedVersion: null), events);
        return action.Events.Count == 0 ? throw new EmptyEventStreamException(streamKey) : action;
    }

    public StreamAction Append(string stream, params object[] events) => Append(stream, events.AsEnumerable());

    public StreamAction Append(string stream, IEnumerable<object> events) =>
        Add(new StreamAction(stream, null, isNew: false, expectedVersion: null), events);

    /// <summary>The number is the version afterwards; the first version may be expected of a stream that is not there.</summary>
    public StreamAction Append(string stream, long expectedVersion, params object[] events)
    {
        var before = expectedVersion - events.Length;
        var action = new StreamAction(stream, null, isNew: before == 0, expectedVersion: before == 0 ? null : before);
        return Add(action, events);
    }

    public async Task AppendOptimistic(string streamKey, params object[] events)
    {
        var state = await FetchStreamStateAsync(streamKey) ?? throw new NonExistentStreamException(streamKey);
        Add(new StreamAction(streamKey, null, isNew: false, state.Version), events);
    }

    public async Task<IEventStream<T>> FetchForWriting<T>(string key, CancellationToken cancellation = default)
        where T : class
    {
        var events = await FetchStreamAsync(key, token: cancellation);
        var version = events.Count == 0 ? 0 : events[^1].Version;
        var action = new StreamAction(key, typeof(T), isNew: version == 0, version == 0 ? null : version);
        _actions.Add(action);
        return new WritableStream<T>(Fold<T>(key, events), version, action, this);
    }

    public async Task<IEventStream<T>> FetchForWriting<T>(
        string key, long expectedVersion, CancellationToken cancellation = default)
        where T : class
    {
        var stream = await FetchForWriting<T>(key, cancellation);
        return stream.StartingVersion == expectedVersion
            ? stream
            : throw new ConcurrencyException(
                $"Expected the existing version of stream {key} to be {expectedVersion}, but was {stream.StartingVersion}",
                typeof(T),
                key);
    }

    public async Task<IReadOnlyList<IEvent>> FetchStreamAsync(
        string streamKey,
        long version = 0,
        DateTimeOffset? timestamp = null,
        long fromVersion = 0,
        CancellationToken token = default)
    {
        await database.EnsureEventsAsync();
        var sql = EventReader.Select(options) + "where d.stream_id = $1 and d.version >= $2 and d.version <= $3"
            + (timestamp is null ? "" : " and d.timestamp <= $4") + " order by d.version";
        await using var command = database.Connections.CreateCommand(sql);
        command.Parameters.Add(Operation.Text(streamKey));
        command.Parameters.Add(Operation.Parameter(fromVersion));
        command.Parameters.Add(Operation.Parameter(version == 0 ? long.MaxValue : version));
        if (timestamp is { } moment)
        {
            command.Parameters.Add(Operation.Parameter(moment.ToUniversalTime()));
        }

        return await ReadAsync(command, token);
    }

    public async Task<T?> AggregateStreamAsync<T>(
        string streamKey,
        long version = 0,
        DateTimeOffset? timestamp = null,
        T? state = null,
        long fromVersion = 0,
        CancellationToken token = default)
        where T : class =>
        Fold<T>(streamKey, await FetchStreamAsync(streamKey, version, timestamp, fromVersion, token));

    public async Task<StreamState?> FetchStreamStateAsync(string streamKey, CancellationToken token = default)
    {
        await database.EnsureEventsAsync();
        await using var command = database.Connections.CreateCommand(
            $"select version, type, timestamp, created from {options.DatabaseSchemaName}.mt_streams where id = $1");
        command.Parameters.Add(Operation.Text(streamKey));
        await using var reader = await command.ExecuteReaderAsync(token);
        if (!await reader.ReadAsync(token))
        {
            return null;
        }

        var alias = reader.IsDBNull(1) ? null : reader.GetString(1);
        var type = options.Projections.Folds.Keys.FirstOrDefault(t => EventNames.SnakeCase(t.Name) == alias);
        return new(
            streamKey,
            reader.GetInt64(0),
            type,
            reader.GetFieldValue<DateTimeOffset>(2),
            reader.GetFieldValue<DateTimeOffset>(3));
    }

    public async Task<IEvent?> LoadAsync(Guid id, CancellationToken token = default)
    {
        await database.EnsureEventsAsync();
        await using var command = database.Connections.CreateCommand(
            EventReader.Select(options) + "where d.id = $1");
        command.Parameters.Add(Operation.Parameter(id));
        return (await ReadAsync(command, token)).FirstOrDefault();
    }

    /// <summary>Puts the session's metadata around new events.</summary>
    public StreamAction Extend(StreamAction action, IEnumerable<object> events)
    {
        var now = options.Events.TimeProvider.GetUtcNow();
        action.Add(events.Select(data => new EventEnvelope
        {
            Id = Guid.CreateVersion7(now),
            StreamKey = action.Key,
            Timestamp = now,
            TenantId = session.TenantId,
            EventTypeName = options.EventOptions.Names.NameOf(data.GetType()),
            DotNetTypeName = $"{data.GetType().FullName}, {data.GetType().Assembly.GetName().Name}",
            CorrelationId = session.CorrelationId,
            CausationId = session.CausationId,
            UserName = session.LastModifiedBy,
            Headers = session.Headers,
        }.Around(data)));
        return action;
    }

    private StreamAction Add(StreamAction action, IEnumerable<object> events)
    {
        Extend(action, events);
        _actions.Add(action);
        return action;
    }

    private T? Fold<T>(string key, IReadOnlyList<IEvent> events)
        where T : class
    {
        var fold = options.Projections.Folds.GetValueOrDefault(typeof(T))
            ?? throw new InvalidOperationException($"No projection is registered for {typeof(T)}.");
        return (T?)fold.Fold(key, events);
    }

    private async Task<List<IEvent>> ReadAsync(NpgsqlCommand command, CancellationToken token)
    {
        await using var reader = await command.ExecuteReaderAsync(token);
        return await EventReader.ReadAsync(reader, options, token);
    }
}

/// <summary>A stream that was read in order to append to it.</summary>
internal sealed class WritableStream<T>(T? aggregate, long version, StreamAction action, SessionEvents events)
    : IEventStream<T>
    where T : class
{
    public T? Aggregate { get; } = aggregate;

    public long? StartingVersion => version;

    public long? CurrentVersion => version + action.Events.Count;

    public Guid Id => Guid.Empty;

    public string Key => action.Key;

    public IReadOnlyList<IEvent> Events => action.Events;

    public void AppendOne(object @event) => events.Extend(action, [@event]);

    public void AppendMany(params object[] newEvents) => events.Extend(action, newEvents);

    public void AppendMany(IEnumerable<object> newEvents) => events.Extend(action, newEvents);
}
