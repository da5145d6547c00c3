using System.Diagnostics;
using Grpc.Core;
using Marten;
using Traceability.Hosting;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Trust;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;

namespace Traceability.Node.Operators;

/// <summary>One operator of this node: its database, its keys, its way to the broker.</summary>
internal sealed partial class HostedOperator(
    OperatorId operatorId, OperatorKeys keys, BrokerClient broker, EventDatabase database, NodeSettings node,
    FollowUp followUp, KeyLog keyLog, TimeProvider clock, ILogger logger) : IDisposable
{
    public static readonly ActivitySource Activities = new("Traceability.Node");

    /// <summary>Any number will do, as long as all processes take the same.</summary>
    private const long Turn = 0x5472_6163_6163;

    private readonly SemaphoreSlim _acting = new(1);
    private readonly CancellationTokenSource _stopping = new();

    public OperatorId OperatorId => operatorId;

    public OperatorKeys Keys => keys;

    public BrokerClient Broker => broker;

    public EventDatabase Database => database;

    /// <summary>The tamper-evident log of this operator's events.</summary>
    public HistoryLog Log { get; } = database.Log!;

    /// <summary>Ends with the next commit in this process.</summary>
    public Signal Committed { get; } = new();

    /// <summary>There is something to send.</summary>
    public Signal Noticed { get; } = new();

    /// <summary>A person wants something tried again.</summary>
    public Signal Retried { get; } = new();

    /// <summary>Something will come due.</summary>
    public Signal DueNoted { get; } = new();

    /// <summary>Something was sent, or will not be.</summary>
    public Signal Sent { get; } = new();

    /// <summary>Why nothing is answered or done for this operator any more; null as long as all is well.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Ends all that is done for this operator without being asked.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>What is known of everybody's keys.</summary>
    public KeyLog KeyLog => keyLog;

    /// <summary>What is known of what the broker decided.</summary>
    public BrokerLogView BrokerLog { get; } = new();

    /// <summary>Which message of a trade is which.</summary>
    public MessageNumbers Numbers { get; } = new(database.Source);

    /// <summary>What the directory showed last of the operator's own entries.</summary>
    public KeyChain OwnChain { get; set; } = KeyChain.Empty(operatorId.Value);

    /// <summary>The moment.</summary>
    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>Somebody publishes keys in this operator's name, and nobody has looked at it yet.</summary>
    public bool SealingStopped { get; set; }

    /// <summary>One rotation of keys at a time.</summary>
    public SemaphoreSlim Rotating { get; } = new(1);

    /// <summary>All keys of a member, proven by the key log.</summary>
    public Task<KeyChain> KeysOfAsync(OperatorId member, CancellationToken cancellationToken) =>
        keyLog.ChainAsync(broker, operatorId.Value, member, cancellationToken);

    /// <summary>The key to seal messages to a member with.</summary>
    /// <exception cref="RefusedException">It is not proven by the key log, or nothing is sealed at present.</exception>
    public async Task<PublicKey> SealingKeyAsync(OperatorId member, CancellationToken cancellationToken)
    {
        if (SealingStopped)
        {
            SealingStopped = await ForeignKeys.AreOpenAsync(database.Source, cancellationToken);
            if (SealingStopped)
            {
                throw Trust.KeyLog.NotProven(
                    operatorId, "Somebody publishes keys in the name of this company: see `trace keys check`.");
            }
        }

        var chain = await KeysOfAsync(member, cancellationToken);
        return chain.Current(KeyUses.Sealing, Now) is { } key
            ? PublicKey.FromJwk(key.Jwk)
            : throw new RpcException(new Status(StatusCode.Unavailable, "The receiver has not published a key yet."));
    }

    /// <summary>What goes with a message: what this operator was shown goes with every one.</summary>
    public SealedHeader HeaderOf(TradeId tradeId, SentNumber? number = null) => new(
        tradeId.Value, number?.MessageId.Value, number?.Number ?? 0, number?.Since ?? 0, keyLog.Newest,
        BrokerLog.Newest);

    /// <summary>
    /// What another member was shown is compared with what is shown here. What it knew of keys when it wrote is known
    /// here before it is judged: that a key was lost, above all.
    /// </summary>
    public async Task HearAsync(SealedHeader header, CancellationToken cancellationToken)
    {
        BrokerLog.Hear(header.BrokerLog);
        if (keyLog.Hear(header.KeyLog) is { } size)
        {
            await keyLog.CatchUpAsync(broker, size, cancellationToken);
        }
    }

    /// <summary>For questions; each is answered with what is committed then.</summary>
    public IQuerySession Query() => database.Query();

    /// <summary>An act in the name of a caller.</summary>
    /// <exception cref="RefusedException">A rule said no, or the operator is stopped.</exception>
    public Task<T> DoAsync<T>(IAct<T> act, ServerCallContext call) => Stopped is { } finding
        ? throw Refused(finding)
        : DoAsync(
            act, new Provenance(call.Caller().Subject, Activity.Current?.Id, call.Method), call.CancellationToken);

    /// <summary>An act of the node itself.</summary>
    /// <exception cref="BrokenHistoryException">
    /// The operator is stopped. No refusal, because what is refused is not tried again.
    /// </exception>
    public Task<T> DoAsync<T>(IAct<T> act, string causation, CancellationToken cancellationToken) =>
        Stopped is { } finding
            ? throw new BrokenHistoryException(finding)
            : DoAsync(act, new Provenance("node", Activity.Current?.Id, causation), cancellationToken);

    /// <summary>History is not what it should be: whatever was built on it would be wrong, too.</summary>
    public void Stop(string finding)
    {
        Stopped = finding;
        _stopping.Cancel();
    }

    public RefusedException Refused(string finding) =>
        new(RefusalReason.HistoryBroken, finding, ("operator_id", $"{OperatorId}"));

    public void Dispose()
    {
        _acting.Dispose();
        _stopping.Dispose();
        Rotating.Dispose();
    }

    private async Task<T> DoAsync<T>(IAct<T> act, Provenance provenance, CancellationToken cancellationToken)
    {
        var strangers = await broker.StrangersAsync(act.Members, cancellationToken);
        Done<T> done;
        // One act at a time: here, so that those who wait hold no connection; in the database for other processes.
        await _acting.WaitAsync(cancellationToken);
        try
        {
            done = await LostRaceException.RunAsync(
                () => AttemptAsync(act, provenance, strangers, cancellationToken), database.Name, cancellationToken);
        }
        finally
        {
            _acting.Release();
        }

        Committed.Set();
        if (done.Noticed)
        {
            Noticed.Set();
        }

        if (done.Due)
        {
            DueNoted.Set();
        }

        return done.Result;
    }

    /// <summary>A roll-up that fails must not keep anybody from saying what is so: it is put aside.</summary>
    private async Task<Done<T>> AttemptAsync<T>(
        IAct<T> act, Provenance provenance, IReadOnlySet<OperatorId> strangers, CancellationToken cancellationToken)
    {
        try
        {
            return await OnceAsync(act, provenance, strangers, FollowAsync, cancellationToken);
        }
        catch (FollowUpFailedException failed)
        {
            LogFollowUpFailed(failed.InnerException!, failed.Touched.Count);
            return await OnceAsync(
                act, provenance, strangers, (session, _) => SetAsideAsync(session, failed), cancellationToken);
        }
    }

    private async Task<Done<T>> OnceAsync<T>(
        IAct<T> act, Provenance provenance, IReadOnlySet<OperatorId> strangers, FollowUp follow,
        CancellationToken cancellationToken)
    {
        await using var session = new OperatorSession(
            await database.BeginAsync(provenance, Turn, cancellationToken), this, node, strangers, clock.GetUtcNow());
        var result = await act.HandleAsync(session, cancellationToken);
        await follow(session, cancellationToken);
        await session.CommitAsync(cancellationToken);
        return new(result, session.HasNotices, session.HasDue);
    }

    private async Task FollowAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var touched = session.Touched;
        try
        {
            await followUp(session, cancellationToken);
        }
        catch (Exception exception) when (!Faults.IsTransient(exception))
        {
            throw new FollowUpFailedException(touched, exception);
        }
    }

    private static Task SetAsideAsync(OperatorSession session, FollowUpFailedException failed)
    {
        session.TakeTouched();
        session.SetAside(RecalculationProblem.Of(failed.Touched, failed.InnerException!));
        return Task.CompletedTask;
    }

    [LoggerMessage(LogLevel.Error, "The roll-up of {Count} parts failed and was put aside")]
    private partial void LogFollowUpFailed(Exception fault, int count);

    /// <summary>What came of an act, and what there is to do now that it is committed.</summary>
    private sealed record Done<T>(T Result, bool Noticed, bool Due);

    private sealed class FollowUpFailedException(IReadOnlyCollection<TraceId> touched, Exception fault)
        : Exception(fault.Message, fault)
    {
        public IReadOnlyCollection<TraceId> Touched => touched;
    }
}
