using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Operators;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;

namespace Traceability.Node.Audit;

/// <summary>
/// Puts every operator's events into its log, has the broker cosign the checkpoints, and watches the broker's log in
/// return. An operator whose history is not what was written or witnessed is stopped.
/// </summary>
internal sealed partial class LogKeeper(
    HostedOperators operators, BrokerWatch broker, TimeProvider clock, ILogger<LogKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>A slow operator does not hold up the others.</summary>
    private const int AtOnce = 4;

    /// <summary>The broker's log is looked at every so many rounds.</summary>
    private const int WatchEvery = 10;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        for (var round = 0; await timer.WaitForNextTickAsync(stoppingToken); round++)
        {
            var watch = round % WatchEvery == 0;
            await Parallel.ForEachAsync(
                operators.All.Where(op => op.Stopped is null),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stoppingToken },
                async (op, token) => await KeepAsync(op, watch, token));
        }
    }

    /// <summary>
    /// Whether the log is at least as long as the witness has seen it, and the same. A broker that cannot be asked is
    /// asked again when the next checkpoint is cosigned.
    /// </summary>
    public static async Task MustContinueAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        Checkpoint witnessed;
        try
        {
            var request = new GetCheckpointRequest { Origin = op.Log.Origin };
            var call = await op.Broker.CallAsync(cancellationToken);
            var seen = (await op.Broker.Witness.GetCheckpointAsync(request, call)).Checkpoint;
            if (seen.Length == 0)
            {
                return;
            }

            var note = SignedNote.Parse(seen);
            witnessed = Checkpoint.Parse(note.Text);
            // What this log has not signed proves nothing about it, whoever shows it.
            if (witnessed.Origin != op.Log.Origin || !op.Log.Verifier.HasSigned(note))
            {
                return;
            }
        }
        catch (Exception fault) when (fault is RpcException or HttpRequestException or ProofException)
        {
            return;
        }

        var own = await op.Log.CheckpointAsync(cancellationToken);
        if (own is null || own.Size < witnessed.Size)
        {
            throw new BrokenHistoryException(
                $"The log ends after {own?.Size ?? 0} events, but the broker has cosigned {witnessed.Size}: an older "
                    + "backup was restored. Restore a newer one, or have the operator enrolled anew.");
        }

        if (!(await op.Log.RootAsync(witnessed.Size, cancellationToken)).AsSpan().SequenceEqual(witnessed.Root))
        {
            throw new BrokenHistoryException(
                $"The first {witnessed.Size} events are not those that the broker has cosigned: history was changed. "
                    + "Run `trace audit check` and restore a backup from before the change.");
        }
    }

    private async Task KeepAsync(HostedOperator op, bool watch, CancellationToken cancellationToken)
    {
        try
        {
            await op.Log.AppendAsync(cancellationToken);
            if (await op.Log.CheckpointAsync(cancellationToken) is { Cosigned: false } newest)
            {
                await CosignAsync(op, newest, cancellationToken);
            }

            if (watch)
            {
                await broker.LookAsync(op, cancellationToken);
            }
        }
        catch (BrokenHistoryException broken)
        {
            operators.Stop(op, broken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever a broker answers, it must not end the log of all operators here.
            LogFault(op.OperatorId, fault is RpcException rpc ? $"broker {rpc.StatusCode}" : fault.GetType().Name);
        }
    }

    private static async Task CosignAsync(
        HostedOperator op, StoredCheckpoint newest, CancellationToken cancellationToken)
    {
        await op.PublishAsync(cancellationToken);
        var last = (await op.Log.CosignedAsync(cancellationToken))?.Size ?? 0;
        var answer = await AddAsync(op, newest, last, cancellationToken);
        await op.Log.CosignAsync(
            newest.Size, SignedNote.ParseLine(answer.Cosignature), cancellationToken);
    }

    /// <summary>Goes on from what the witness has seen, if that is more than this node remembers, and ours.</summary>
    private static async Task<AddCheckpointResponse> AddAsync(
        HostedOperator op, StoredCheckpoint newest, long oldSize, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var request = new AddCheckpointRequest { Checkpoint = newest.Note, OldSize = oldSize };
            var proof = await op.Log.ConsistencyProofAsync(oldSize, newest.Size, cancellationToken);
            request.ConsistencyProof.AddRange(proof.Select(hash => ByteString.CopyFrom(hash)));
            try
            {
                var call = await op.Broker.CallAsync(cancellationToken);
                return await op.Broker.Witness.AddCheckpointAsync(request, call);
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.Aborted && attempt == 1)
            {
                await MustContinueAsync(op, cancellationToken);
                oldSize = SizeSeen(refused);
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.FailedPrecondition)
            {
                await MustContinueAsync(op, cancellationToken);
                throw;
            }
        }
    }

    private static long SizeSeen(RpcException refused) => long.Parse(
        refused.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata["size"],
        System.Globalization.CultureInfo.InvariantCulture);

    [LoggerMessage(LogLevel.Warning, "The log of operator {OperatorId} will be tried again: {Fault}")]
    private partial void LogFault(OperatorId operatorId, string fault);
}
