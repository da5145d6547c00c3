using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Events;
using Npgsql;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;
using Weasel.Core;

namespace Traceability.Storage;

/// <summary>An event with who recorded it, when and why.</summary>
public sealed record RecordedEvent(
    string Stream, long Version, DateTimeOffset Time, string Type, string By, string Correlation, string Causation,
    object Data)
{
    public string Name => $"{Type} ({Stream}, version {Version})";
}

/// <summary>The databases of this process, by name: one per operator, and one for a broker.</summary>
public sealed class EventStore : IAsyncDisposable
{
    public const string Schema = "traceability";

    /// <summary>A race that is lost this often is a stuck loop, not a race.</summary>
    private const int MaxAttempts = 20;

    /// <summary>Rebuilding reads this many events at once: some megabytes.</summary>
    private const int RebuildPage = 1000;

    private readonly DocumentStore _store;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, NpgsqlDataSource> _sources = new();
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> _sealKeys = new();
    private readonly string _server;

    private EventStore(DocumentStore store, string server) => (_store, _server) = (store, server);

    /// <param name="server">Npgsql connection string of the server; databases are made on it as needed.</param>
    /// <param name="clock">Gives events their time.</param>
    public static EventStore Open(string server, TimeProvider clock) => new(
        DocumentStore.For(options =>
        {
            options.MultiTenantedWithSingleServer(Pooled(server));
            options.DatabaseSchemaName = Schema;
            options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
            options.DisableNpgsqlLogging = true;
            options.UseSystemTextJsonForSerialization(
                EnumStorage.AsString, Casing.CamelCase, json => json.IgnoreReadOnlyProperties = true);
            ConfigureEvents(options.Events, clock);
            foreach (var state in States.All)
            {
                state.Register(options);
            }
        }),
        server);

    /// <summary>The database of an operator.</summary>
    public static string DatabaseOf(Guid operatorId) => $"operator_{operatorId:n}";

    /// <summary>Plain SQL on a database, for tables beside the events.</summary>
    public NpgsqlDataSource Source(string database) => _sources.GetOrAdd(database, name =>
        NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Pooled(_server)) { Database = name }));

    /// <summary>
    /// Makes the database and its tables, or brings them up to date. Several processes may do so at once.
    /// </summary>
    public async Task MigrateAsync(string database, CancellationToken cancellationToken)
    {
        await using (var session = _store.LightweightSession(database))
        {
            await session.Events.FetchStreamStateAsync("none", cancellationToken);
            foreach (var state in States.All)
            {
                await state.EnsureAsync(session);
            }
        }

        await Migrations.ApplyAsync(Source(database), cancellationToken);
    }

    /// <summary>Every event that is written to the database from now on becomes a leaf of its log.</summary>
    /// <param name="database">The database.</param>
    /// <param name="keys">With which this process vouches for what it writes; a database administrator has them
    /// not.</param>
    public HistoryLog KeepLog(string database, LogKeys keys)
    {
        _sealKeys[database] = keys.SealKey;
        return new(Source(database), keys);
    }

    /// <summary>Does the work and commits it; a lost race is run again on what is there then.</summary>
    public async Task<T> WorkAsync<T>(
        string database, Provenance provenance, Func<Work, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var session = _store.LightweightSession(database);
            var leaves = _sealKeys.TryGetValue(database, out var sealKey) ? new PendingLeaves(sealKey) : null;
            var unit = new Work(session, provenance, leaves);
            var result = await work(unit);
            if (!unit.HasChanges)
            {
                return result;
            }

            try
            {
                await unit.SaveAsync(cancellationToken);
                return result;
            }
            catch (LostRaceException) when (attempt < MaxAttempts)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
            catch (LostRaceException)
            {
                throw Work.StaleVersion(database);
            }
        }
    }

    public async Task<T?> ReadAsync<T>(string database, string key, CancellationToken cancellationToken)
        where T : class
    {
        await using var session = _store.QuerySession(database);
        return await session.LoadAsync<T>(key, cancellationToken);
    }

    /// <summary>States whose documents fit a condition in SQL, such as "where id > ? order by id limit ?".</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(
        string database, string where, CancellationToken cancellationToken, params object[] values)
        where T : class
    {
        await using var session = _store.QuerySession(database);
        return await session.QueryAsync<T>(where, cancellationToken, values);
    }

    /// <summary>The version of a stream, 0 if there is none.</summary>
    public async Task<long> VersionAsync(string database, string key, CancellationToken cancellationToken)
    {
        await using var session = _store.QuerySession(database);
        return (await session.Events.FetchStreamStateAsync(key, cancellationToken))?.Version ?? 0;
    }

    /// <summary>The events of a stream, oldest first.</summary>
    public async Task<IReadOnlyList<object>> EventsAsync(
        string database, string key, CancellationToken cancellationToken)
    {
        await using var session = _store.QuerySession(database);
        return [.. (await session.Events.FetchStreamAsync(key, token: cancellationToken)).Select(e => e.Data)];
    }

    /// <summary>The events of several streams with all that was recorded of them, oldest first.</summary>
    public async Task<IReadOnlyList<RecordedEvent>> HistoryAsync(
        string database, IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        await using var session = _store.QuerySession(database);
        var events = await session.QueryAsync<IEvent>(
            "where d.stream_id = any(?) order by d.seq_id", cancellationToken, (object)keys.ToArray());
        return
        [
            .. events.Select(e => new RecordedEvent(
                e.StreamKey!, e.Version, e.Timestamp, e.EventTypeName, e.UserName ?? "", e.CorrelationId ?? "",
                e.CausationId ?? "", e.Data)),
        ];
    }

    /// <summary>Empties all read models and makes them anew from the events. Nobody may write meanwhile.</summary>
    public async Task RebuildAsync(string database, CancellationToken cancellationToken)
    {
        await using (var session = _store.LightweightSession(database))
        {
            // A table is made when its first document is stored.
            var tables = await session.QueryAsync<string>(
                "select table_name::text from information_schema.tables where table_schema = ?",
                cancellationToken,
                Schema);
            foreach (var table in States.All.Select(state => state.Table).Intersect(tables))
            {
                session.QueueSqlCommand($"delete from {Schema}.{table}");
            }

            await session.SaveChangesAsync(cancellationToken);
        }

        var after = 0L;
        while (await PageAsync(database, after, cancellationToken) is { Count: > 0 } page)
        {
            await using var session = _store.LightweightSession(database);
            foreach (var state in States.All)
            {
                await state.ApplyAsync(session, page);
            }

            await session.SaveChangesAsync(cancellationToken);
            after = page[^1].Sequence;
        }

        await Links.RebuildAsync(Source(database), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        foreach (var source in _sources.Values)
        {
            await source.DisposeAsync();
        }
    }

    /// <summary>
    /// A process may host hundreds of operators, each with its own database: an idle one holds no connection for long,
    /// and a busy one does not take those of all others.
    /// </summary>
    private static string Pooled(string server) => new NpgsqlConnectionStringBuilder(server)
    {
        MaxPoolSize = 20,
        MaxAutoPrepare = 64,
        ConnectionIdleLifetime = 10,
        ConnectionPruningInterval = 5,
    }.ConnectionString;

    private static void ConfigureEvents(IEventStoreOptions events, TimeProvider clock)
    {
        events.StreamIdentity = StreamIdentity.AsString;
        events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        events.TimeProvider = clock;
        events.MetadataConfig.CorrelationIdEnabled = true;
        events.MetadataConfig.CausationIdEnabled = true;
        events.MetadataConfig.HeadersEnabled = true;
        events.MetadataConfig.UserNameEnabled = true;
        EventNames.Pin(events);
    }

    private async Task<IReadOnlyList<IEvent>> PageAsync(
        string database, long after, CancellationToken cancellationToken)
    {
        await using var session = _store.QuerySession(database);
        return await session.QueryAsync<IEvent>(
            "where d.seq_id > ? order by d.seq_id limit ?", cancellationToken, after, RebuildPage);
    }
}
