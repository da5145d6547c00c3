using System.Diagnostics;
using Grpc.Core;
using Npgsql;
using Traceability.Domain;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Storage;
using Traceability.Storage.Logs;

namespace Traceability.Node.Operators;

/// <summary>One operator of this node: its database, its keys, its way to the broker.</summary>
internal sealed class HostedOperator(Guid operatorId, OperatorKeys keys, BrokerClient broker, EventStore store)
    : IDisposable
{
    public static readonly ActivitySource Activities = new("Traceability.Node");

    private readonly SemaphoreSlim _outbox = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Guid OperatorId { get; } = operatorId;

    public OperatorKeys Keys { get; } = keys;

    public BrokerClient Broker { get; } = broker;

    /// <summary>The tamper-evident log of this operator's events.</summary>
    public HistoryLog Log { get; } = store.KeepLog(EventStore.DatabaseOf(operatorId), keys.Log);

    /// <summary>Why nothing is answered or done for this operator any more; null as long as all is well.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Ends all that is done for this operator without being asked.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>One roll-up at a time: each sees all that was committed before it.</summary>
    public SemaphoreSlim RollingUp { get; } = new(1);

    /// <summary>One rotation of keys at a time.</summary>
    public SemaphoreSlim Rotating { get; } = new(1);

    public string Database { get; } = EventStore.DatabaseOf(operatorId);

    /// <summary>Tables beside the events.</summary>
    public NpgsqlDataSource Source => store.Source(Database);

    /// <summary>Ends with the next commit in this process.</summary>
    public Task Committed => Volatile.Read(ref _committed).Task;

    /// <summary>Work in the name of a caller.</summary>
    /// <exception cref="RefusedException">The operator is stopped.</exception>
    public Task<T> WorkAsync<T>(ServerCallContext call, Func<Work, Task<T>> work) => Stopped is { } finding
        ? throw Refused(finding)
        : WorkAsync(
            new Provenance(call.Caller().ClientId, Activity.Current?.Id, call.Method), work, call.CancellationToken);

    /// <summary>Work of the node itself.</summary>
    /// <exception cref="BrokenHistoryException">
    /// The operator is stopped. No refusal, because what is refused is not tried again.
    /// </exception>
    public Task<T> WorkAsync<T>(string causation, Func<Work, Task<T>> work, CancellationToken cancellationToken) =>
        Stopped is { } finding
            ? throw new BrokenHistoryException(finding)
            : WorkAsync(new Provenance("node", Activity.Current?.Id, causation), work, cancellationToken);

    public Task<T?> ReadAsync<T>(string key, CancellationToken cancellationToken)
        where T : class => store.ReadAsync<T>(Database, key, cancellationToken);

    public Task<IReadOnlyList<T>> QueryAsync<T>(
        string where, CancellationToken cancellationToken, params object[] values)
        where T : class => store.QueryAsync<T>(Database, where, cancellationToken, values);

    /// <summary>The states of many streams, as far as there are any, in order of their keys.</summary>
    public async Task<IReadOnlyList<T>> ManyAsync<T>(
        IReadOnlyCollection<Guid> ids, Func<Guid, string> key, CancellationToken cancellationToken)
        where T : class => ids.Count == 0
            ? []
            : await QueryAsync<T>(
                "where d.id = any(?) order by d.id", cancellationToken, (object)ids.Select(key).ToArray());

    public Task<long> VersionAsync(string key, CancellationToken cancellationToken) =>
        store.VersionAsync(Database, key, cancellationToken);

    public Task<IReadOnlyList<object>> EventsAsync(string key, CancellationToken cancellationToken) =>
        store.EventsAsync(Database, key, cancellationToken);

    /// <summary>History is not what it should be: whatever was built on it would be wrong, too.</summary>
    public void Stop(string finding)
    {
        Stopped = finding;
        _stopping.Cancel();
    }

    public RefusedException Refused(string finding) =>
        new(RefusalReason.HistoryBroken, finding, ("operator_id", $"{OperatorId}"));

    public Task<IReadOnlyList<RecordedEvent>> HistoryAsync(
        IReadOnlyCollection<string> keys, CancellationToken cancellationToken) =>
        store.HistoryAsync(Database, keys, cancellationToken);

    public void Dispose()
    {
        _outbox.Dispose();
        _stopping.Dispose();
        RollingUp.Dispose();
        Rotating.Dispose();
    }

    /// <summary>There is something to send.</summary>
    public void WakeSender()
    {
        try
        {
            _outbox.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    public Task<bool> WaitForOutboxAsync(TimeSpan longest, CancellationToken cancellationToken) =>
        _outbox.WaitAsync(longest, cancellationToken);

    private async Task<T> WorkAsync<T>(
        Provenance provenance, Func<Work, Task<T>> work, CancellationToken cancellationToken)
    {
        var result = await store.WorkAsync(Database, provenance, work, cancellationToken);
        Interlocked.Exchange(ref _committed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        return result;
    }
}
