using System.Text.Json;
using JasperFx;
using Marten;
using Traceability.Domain;
using Traceability.Storage.Logs;

namespace Traceability.Storage;

/// <summary>Who does it, and in the course of what: written to every event.</summary>
/// <param name="By">The client that called, or the node itself.</param>
/// <param name="Correlation">The trace (W3C traceparent) that everything which follows from one command shares.</param>
/// <param name="Causation">The message or call that led to it.</param>
public record Provenance(string By, string? Correlation, string? Causation);

/// <summary>A state and the version of its stream.</summary>
public record Versioned<T>(T State, long Version);

/// <summary>What is read, decided and queued together, and committed in one transaction.</summary>
public sealed class Work
{
    private readonly IDocumentSession _session;
    private readonly PendingLeaves? _leaves;

    /// <param name="session">The session of the one transaction.</param>
    /// <param name="provenance">Who, and in the course of what.</param>
    /// <param name="leaves">Where new events are noted for the log; null for a database without one.</param>
    internal Work(IDocumentSession session, Provenance provenance, PendingLeaves? leaves)
    {
        (_session, _leaves) = (session, leaves);
        _session.LastModifiedBy = provenance.By;
        _session.CorrelationId = provenance.Correlation;
        _session.CausationId = provenance.Causation;
    }

    /// <summary>Whether anything was decided: nothing new needs no transaction.</summary>
    internal bool HasChanges { get; private set; }

    /// <summary>Lets the decision add events to a stream.</summary>
    /// <param name="key">The stream.</param>
    /// <param name="decide">From the state as it stands, or null, to the events that follow.</param>
    /// <param name="etag">The version the caller has read. Empty: any.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Decided<T>> DecideAsync<T>(
        string key, Func<T?, object[]> decide, string etag, CancellationToken cancellationToken)
        where T : class
    {
        // The version first: a state that is newer than it loses the race below, and is decided on again.
        var version = (await _session.Events.FetchStreamStateAsync(key, cancellationToken))?.Version ?? 0;
        var before = version == 0 ? null : await _session.LoadAsync<T>(key, cancellationToken);
        if (etag.Length > 0 && etag != $"{version}")
        {
            throw StaleVersion(key);
        }

        var events = decide(before);
        return events.Length == 0
            ? new(before!, version, events)
            : new(Append(key, version, before, events), version + events.Length, events);
    }

    public Task<Decided<T>> DecideAsync<T>(string key, Func<T?, object[]> decide, CancellationToken cancellationToken)
        where T : class => DecideAsync(key, decide, "", cancellationToken);

    /// <summary>The state as it stands, or null. Not protected against changes by others.</summary>
    public Task<T?> ReadAsync<T>(string key, CancellationToken cancellationToken)
        where T : class => _session.LoadAsync<T>(key, cancellationToken);

    /// <summary>States whose documents fit a condition in SQL.</summary>
    public Task<IReadOnlyList<T>> QueryAsync<T>(
        string where, CancellationToken cancellationToken, params object[] values)
        where T : class => _session.QueryAsync<T>(where, cancellationToken, values);

    /// <summary>Begins a stream. If there is one meanwhile, the work is run again on what is there then.</summary>
    public void Start<T>(string key, object[] events)
        where T : class => Append<T>(key, 0, null, events);

    /// <summary>Appends what nobody decides on, and what changes no state.</summary>
    /// <returns>Its place in the stream.</returns>
    public async Task<long> RecordAsync(string key, object e, CancellationToken cancellationToken)
    {
        var version = (await _session.Events.FetchStreamStateAsync(key, cancellationToken))?.Version ?? 0;
        _leaves?.Add(key, version, _session.Events.Append(key, version + 1, e).Events);
        HasChanges = true;
        return version + 1;
    }

    /// <summary>
    /// Takes the personal data out of the events of a stream and of its state. What is taken out is gone for good; the
    /// events' leaves stand, and every event is followed by the record of it.
    /// </summary>
    /// <returns>The records; none if there was nothing to take out.</returns>
    public async Task<IReadOnlyList<EventMasked>> MaskAsync(
        string key, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var stream = await _session.Events.FetchStreamAsync(key, token: cancellationToken);
        StreamMask[] masks = [.. stream.Select(e => StreamMask.Of(e, reason, now)).OfType<StreamMask>()];
        if (masks.Length == 0)
        {
            return [];
        }

        foreach (var (data, record) in masks.Select(mask => (mask.Data, mask.Record)))
        {
            Sql($"update {EventStore.Schema}.mt_events set data = ?::jsonb where stream_id = ? and version = ?",
                data, key, record.Version);
            Sql($"update {EventStore.Schema}.log_leaf set salt = null where stream_id = ? and version = ?",
                key, record.Version);
        }

        object[] records = [.. masks.Select(mask => mask.Record)];
        var action = _session.Events.Append(key, stream.Count + records.Length, records);
        _leaves?.Add(key, stream.Count, action.Events);
        var masked = masks.ToDictionary(mask => mask.Record.Version, mask => mask.Data);
        States.Of(key).Store(
            _session,
            key,
            stream.Select(e => masked.TryGetValue(e.Version, out var data)
                ? JsonSerializer.Deserialize(data, e.Data.GetType(), EventJson.Options)!
                : e.Data));
        return [.. masks.Select(mask => mask.Record)];
    }

    /// <summary>Any other statement of the same transaction. Parameters are question marks.</summary>
    public void Sql(string sql, params object[] values)
    {
        _session.QueueSqlCommand(sql, values);
        HasChanges = true;
    }

    /// <summary>Events, and the state they lead to, in the same transaction.</summary>
    private T Append<T>(string key, long version, T? before, object[] events)
        where T : class
    {
        var action = version == 0
            ? _session.Events.StartStream<T>(key, events)
            : _session.Events.Append(key, version + events.Length, events);
        _leaves?.Add(key, version, action.Events);
        var state = States.Of<T>().Fold(key, before, events)!;
        _session.Store(state);
        HasChanges = true;
        return state;
    }

    internal static RefusedException StaleVersion(string key) => new(
        RefusalReason.StaleVersion,
        "Somebody else was faster, or the etag is not the current one: read again, decide again.",
        ("record", key));

    internal async Task SaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            _leaves?.Queue(_session);
            await _session.SaveChangesAsync(cancellationToken);
        }
        catch (Exception exception) when (
            exception is ConcurrencyException or Marten.Exceptions.ExistingStreamIdCollisionException)
        {
            throw new LostRaceException(exception);
        }
    }
}

/// <summary>What came out of a decision.</summary>
public record Decided<T>(T State, long Version, IReadOnlyList<object> Events);

/// <summary>Another transaction was faster; the work can be done again on what is there now.</summary>
internal sealed class LostRaceException(Exception cause) : Exception(cause.Message, cause);
