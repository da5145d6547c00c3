using System.Data.Common;
using JasperFx;
using JasperFx.Events;
using Marten;
using Marten.Services.BatchQuerying;
using Npgsql;
using Traceability.Domain;

namespace Traceability.Storage;

/// <summary>What came out of a decision.</summary>
/// <param name="State">As it is now.</param>
/// <param name="Version">Of its stream: what an etag says.</param>
/// <param name="Events">What was appended; none if all of it was so already.</param>
public record Decided<T>(T State, long Version, IReadOnlyList<object> Events);

/// <summary>
/// The one transaction of an act: what is read for it, decided, queued and committed together. Decisions see those that
/// were made before them in the same act, whether these are written yet or not. It waits for its turn with the first
/// that it reads or writes, in the same round trip.
/// </summary>
public class ActSession(OpenTransaction open) : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection = open.Transaction.Connection!;
    private readonly Dictionary<string, Stream> _streams = new(StringComparer.Ordinal);
    private readonly List<Action> _pending = [];
    private readonly HashSet<Stream> _changed = [];
    private readonly HashSet<Type> _whole = [];
    private bool _hasTurn;
    private bool _written;
    private bool _disposed;

    /// <summary>Marten's session, for questions. It does not see what is not flushed.</summary>
    public async Task<IDocumentSession> DocumentsAsync(CancellationToken cancellationToken)
    {
        await TakeTurnAsync(cancellationToken);
        return open.Session;
    }

    /// <summary>For SQL on the tables beside the events.</summary>
    public async Task<NpgsqlConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        await TakeTurnAsync(cancellationToken);
        return _connection;
    }

    /// <summary>What is written from now on was led to by this.</summary>
    public void FollowFrom(string? correlation, string causation) =>
        (open.Session.CorrelationId, open.Session.CausationId) = (correlation, causation);

    /// <summary>Reads several states in one round trip, so that reading and deciding need none of their own.</summary>
    public async Task FetchAsync(CancellationToken cancellationToken, params IEnumerable<Fetch> wanted)
    {
        Fetch[] needed = [.. wanted.Where(fetch => fetch.IsNeeded(this))];
        if (needed.Length == 0)
        {
            return;
        }

        var batch = open.Session.CreateBatchQuery();
        if (!_hasTurn)
        {
            // Each statement sees what was committed before it begins, and so before the turn came.
            _ = batch.Query<string>("select 'taken' from pg_advisory_xact_lock(?)", open.Turn);
        }

        var reads = needed.Select(fetch => fetch.Add(batch, this)).ToArray();
        await batch.Execute(cancellationToken);
        _hasTurn = true;
        foreach (var read in reads)
        {
            await read(cancellationToken);
        }
    }

    /// <summary>
    /// Reads all states of a kind: then every one of them is known, and what is not among them is not there.
    /// </summary>
    public async Task<IReadOnlyList<T>> FetchAllAsync<T>(CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        var documents = await DocumentsAsync(cancellationToken);
        var all = await documents.Query<T>().OrderBy(state => state.Id).ToListAsync(cancellationToken);
        foreach (var state in all.Where(state => !IsKnown<T>(state.Id)))
        {
            Take(state.Id, state);
        }

        _whole.Add(typeof(T));
        return all;
    }

    /// <summary>Whether every state of a kind is known.</summary>
    public bool KnowsAll<T>() => _whole.Contains(typeof(T));

    /// <summary>Nothing of it is committed: it was only to be seen what would be.</summary>
    public void Discard() => Discarded = true;

    public bool Discarded { get; private set; }

    /// <summary>The state as it stands, or null.</summary>
    public async Task<T?> ReadAsync<T>(string stream, CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        // An import reads a hundred thousand times what it knows.
        if (!IsKnown<T>(stream))
        {
            await FetchAsync(cancellationToken, Fetch.Of<T>(stream));
        }

        return Known<T>(stream);
    }

    /// <summary>The state as it stands; it must have been fetched.</summary>
    public T? Known<T>(string stream)
        where T : class, IState<T> => _whole.Contains(typeof(T))
            ? (_streams.GetValueOrDefault(stream) as Stream<T>)?.State
            : ((Stream<T>)_streams[stream]).State;

    /// <summary>The events that follow from a state are appended to its stream.</summary>
    /// <param name="stream">Its name.</param>
    /// <param name="decide">From the state as it stands, or null, to the events that follow.</param>
    /// <param name="etag">The version the caller has read; null: any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Decided<T>> DecideAsync<T>(
        string stream, Func<T?, IReadOnlyList<object>> decide, long? etag, CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        var found = await StreamAsync<T>(stream, cancellationToken);
        if (etag is { } version && version != found.Version)
        {
            throw StaleVersion(stream);
        }

        var events = decide(found.State);
        if (events.Count > 0)
        {
            found.Append(events);
            if (_changed.Add(found))
            {
                _pending.Add(() => found.Write(open.Session));
            }
        }

        return new(found.State!, found.Version, events);
    }

    public Task<Decided<T>> DecideAsync<T>(
        string stream, Func<T?, IReadOnlyList<object>> decide, CancellationToken cancellationToken)
        where T : class, IState<T> => DecideAsync(stream, decide, null, cancellationToken);

    /// <summary>Appends to a stream that nobody decides on, and whose events lead to no state.</summary>
    /// <returns>Its place in the stream.</returns>
    public async Task<long> RecordAsync(string stream, object e, CancellationToken cancellationToken)
    {
        await TakeTurnAsync(cancellationToken);
        var version = (await VersionsAsync([stream], cancellationToken)).GetValueOrDefault(stream);
        _pending.Add(() => open.Session.Events.Append(stream, e).ExpectedVersionOnServer = version);
        return version + 1;
    }

    /// <summary>Any other statement of the same transaction. Parameters are question marks.</summary>
    public void Queue(string sql, params object[] values) =>
        _pending.Add(() => open.Session.QueueSqlCommand(sql, values));

    /// <summary>Writes what was decided and queued; it is committed later, or not at all.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_pending.Count == 0)
        {
            return;
        }

        _written = true;
        await TakeTurnAsync(cancellationToken);
        try
        {
            await WriteManyAsync(cancellationToken);
            _pending.ForEach(write => write());
            _pending.Clear();
            await open.Session.SaveChangesAsync(cancellationToken);
        }
        catch (Exception exception) when (LostRaceException.Is(exception))
        {
            throw new LostRaceException(exception);
        }
    }

    /// <summary>What many streams have in common is written together; what is left goes one by one.</summary>
    private async Task WriteManyAsync(CancellationToken cancellationToken)
    {
        if (_changed.Count >= BulkWriter.Many)
        {
            StreamAppend[] appends = [.. _changed.Select(stream => stream.Take()).OfType<StreamAppend>()];
            await open.Bulk.WriteAsync(_connection, open.Session, appends, cancellationToken);
        }

        _changed.Clear();
    }

    /// <summary>Nothing new needs no commit.</summary>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (Discarded)
        {
            return;
        }

        await FlushAsync(cancellationToken);
        if (_written)
        {
            await open.Transaction.CommitAsync(cancellationToken);
        }
    }

    public static RefusedException StaleVersion(string record) => new(
        RefusalReason.StaleVersion,
        "Somebody else was faster, or the etag is not the current one: read again, decide again.",
        ("record", record));

    /// <summary>Whether something was decided or queued in this act.</summary>
    public bool HasChanges => _written || _pending.Count > 0;

    /// <summary>Once: Npgsql hands the same transaction out again to whoever has its connection next.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await open.Session.DisposeAsync();
        await open.Transaction.DisposeAsync();
        await _connection.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>An act that reads nothing by name has to ask for its turn alone.</summary>
    private async Task TakeTurnAsync(CancellationToken cancellationToken)
    {
        if (_hasTurn)
        {
            return;
        }

        await using var command = new NpgsqlCommand("select pg_advisory_xact_lock($1)", _connection);
        command.Parameters.AddWithValue(open.Turn);
        await command.ExecuteNonQueryAsync(cancellationToken);
        _hasTurn = true;
    }

    internal bool IsKnown<T>(string stream) => _whole.Contains(typeof(T)) || _streams.ContainsKey(stream);

    internal bool CanDecide<T>(string stream) =>
        _streams.TryGetValue(stream, out var known) ? known.HasVersion : _whole.Contains(typeof(T));

    /// <summary>Where there is a document, its version is that of the stream; without one it is not known.</summary>
    internal void Take<T>(string stream, T? state)
        where T : class, IState<T> => Take(stream, state, state?.StreamVersion);

    internal void Take<T>(string stream, T? state, long? version)
        where T : class, IState<T> => _streams[stream] = new Stream<T>(stream, state, version);

    internal void Take<T>(IEventStream<T> stream)
        where T : class, IState<T> => _streams[stream.Key!] = new Stream<T>(stream);

    /// <summary>A stream may have events that lead to no state.</summary>
    internal async Task<IReadOnlyDictionary<string, long>> VersionsAsync(
        string[] streams, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select id, version from {EventDatabases.Schema}.mt_streams where id = any($1)", _connection);
        command.Parameters.AddWithValue(streams);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        Dictionary<string, long> versions = new(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            versions[reader.GetString(0)] = reader.GetInt64(1);
        }

        return versions;
    }

    private async Task<Stream<T>> StreamAsync<T>(string stream, CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        // An import decides a hundred thousand times on what it knows.
        if (!CanDecide<T>(stream))
        {
            await FetchAsync(cancellationToken, Fetch.ToDecide<T>(stream));
        }

        if (!_streams.TryGetValue(stream, out var found))
        {
            // Of all that there are it is none.
            _streams[stream] = found = new Stream<T>(stream, null, 0);
        }

        return (Stream<T>)found;
    }

    private abstract class Stream
    {
        public abstract bool HasVersion { get; }

        /// <summary>What is to be written, which then is; null: it must go by Marten.</summary>
        public abstract StreamAppend? Take();
    }

    private sealed class Stream<T>(string name, T? state, long? version) : Stream
        where T : class, IState<T>
    {
        // Most of the streams that an import knows are given nothing, and the others one decision.
        private IReadOnlyList<object> _appended = [];
        private long _stored = version ?? 0;
        private IEventStream<T>? _fetched;

        public Stream(IEventStream<T> fetched)
            : this(fetched.Key!, fetched.Aggregate, fetched.StartingVersion ?? 0) => _fetched = fetched;

        public T? State { get; private set; } = state;

        public override bool HasVersion { get; } = version is not null;

        public long Version => _stored + _appended.Count;

        public void Append(IReadOnlyList<object> events)
        {
            State = events.Aggregate(State, T.Evolve);
            _appended = _appended.Count == 0 ? events : [.. _appended, .. events];
        }

        public override StreamAppend? Take()
        {
            if (State is null || _appended.Count == 0)
            {
                return null;
            }

            StateId<T>.Set(State, name);
            var append = new StreamAppend(name, typeof(T), State, _stored, [.. _appended]);
            _fetched = null;
            Stored();
            return append;
        }

        /// <summary>Several decisions about one stream are written at once.</summary>
        public void Write(IDocumentSession session)
        {
            if (_appended.Count == 0)
            {
                return;
            }

            if (_fetched is not null)
            {
                _fetched.AppendMany(_appended);
                _fetched = null;
            }
            else
            {
                session.Events.Append(name, _appended).ExpectedVersionOnServer = _stored;
            }

            Stored();
        }

        private void Stored()
        {
            _stored += _appended.Count;
            _appended = [];
        }
    }
}

/// <summary>States that an act wants to read, in one round trip with others.</summary>
public abstract class Fetch
{
    /// <summary>To be looked at.</summary>
    public static Fetch Of<T>(params IEnumerable<string> streams)
        where T : class, IState<T> => new FetchStates<T>(streams);

    /// <summary>To be decided on.</summary>
    public static Fetch ToDecide<T>(params IEnumerable<string> streams)
        where T : class, IState<T> => new FetchStreams<T>(streams);

    /// <summary>Whether something of it is not known yet.</summary>
    internal abstract bool IsNeeded(ActSession session);

    /// <summary>Adds the question to a batch; what it answers is taken up afterwards.</summary>
    internal abstract Func<CancellationToken, Task> Add(IBatchedQuery batch, ActSession session);

    private sealed class FetchStates<T>(IEnumerable<string> streams) : Fetch
        where T : class, IState<T>
    {
        internal override bool IsNeeded(ActSession session) =>
            !session.KnowsAll<T>() && streams.Any(stream => !session.IsKnown<T>(stream));

        internal override Func<CancellationToken, Task> Add(IBatchedQuery batch, ActSession session)
        {
            string[] unknown =
                [.. streams.Distinct(StringComparer.Ordinal).Where(stream => !session.IsKnown<T>(stream))];
            var reading = batch.LoadMany<T>().ById(unknown);
            return async _ =>
            {
                var found = (await reading).ToDictionary(state => state.Id, StringComparer.Ordinal);
                foreach (var stream in unknown)
                {
                    session.Take(stream, found.GetValueOrDefault(stream));
                }
            };
        }
    }

    private sealed class FetchStreams<T>(IEnumerable<string> streams) : Fetch
        where T : class, IState<T>
    {
        /// <summary>Of more, the versions of those without a document are asked for together.</summary>
        private const int Few = 10;

        internal override bool IsNeeded(ActSession session) => streams.Any(stream => !session.CanDecide<T>(stream));

        internal override Func<CancellationToken, Task> Add(IBatchedQuery batch, ActSession session)
        {
            string[] unknown =
                [.. streams.Distinct(StringComparer.Ordinal).Where(stream => !session.CanDecide<T>(stream))];
            return unknown.Length <= Few ? OneByOne(batch, session, unknown) : Together(batch, session, unknown);
        }

        private static Func<CancellationToken, Task> OneByOne(
            IBatchedQuery batch, ActSession session, IEnumerable<string> unknown)
        {
            var reading = unknown.Select(stream => batch.Events.FetchForWriting<T>(stream)).ToArray();
            return async _ =>
            {
                foreach (var stream in reading)
                {
                    session.Take(await stream);
                }
            };
        }

        private static Func<CancellationToken, Task> Together(
            IBatchedQuery batch, ActSession session, string[] unknown)
        {
            var reading = batch.LoadMany<T>().ById(unknown);
            return async cancellationToken =>
            {
                var found = (await reading).ToDictionary(state => state.Id, StringComparer.Ordinal);
                string[] missing = [.. unknown.Where(stream => !found.ContainsKey(stream))];
                var versions = await session.VersionsAsync(missing, cancellationToken);
                foreach (var stream in unknown)
                {
                    var state = found.GetValueOrDefault(stream);
                    session.Take(stream, state, state?.StreamVersion ?? versions.GetValueOrDefault(stream));
                }
            };
        }
    }
}

/// <summary>Another transaction was faster; the act can be done again on what is there now.</summary>
public sealed class LostRaceException(Exception cause) : Exception(cause.Message, cause)
{
    /// <summary>A race that is lost this often is a stuck loop, not a race.</summary>
    private const int MaxAttempts = 20;

    /// <summary>Does an act, again when it lost a race.</summary>
    public static async Task<T> RunAsync<T>(Func<Task<T>> attempt, string what, CancellationToken cancellationToken)
    {
        for (var count = 1; ; count++)
        {
            try
            {
                return await attempt();
            }
            catch (LostRaceException) when (count < MaxAttempts)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
            catch (LostRaceException)
            {
                throw ActSession.StaleVersion(what);
            }
        }
    }

    /// <summary>Marten's and PostgreSQL's ways to say so.</summary>
    internal static bool Is(Exception exception) => exception switch
    {
        ConcurrencyException or Marten.Exceptions.ExistingStreamIdCollisionException => true,
        PostgresException postgres => postgres.SqlState
            is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected,
        _ => exception.InnerException is DbException inner && Is(inner),
    };
}
