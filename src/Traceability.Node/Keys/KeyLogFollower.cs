using Grpc.Core;
using Traceability.Node.Operators;
using Traceability.Node.Trust;
using Traceability.Proofs.Logs;

namespace Traceability.Node.Keys;

/// <summary>
/// Follows the key log for all operators of the node: remembers in the database of each what was believed, cosigns it
/// in their names, and watches over their own entries.
/// </summary>
internal sealed partial class KeyLogFollower(
    HostedOperators operators, KeyLog log, TimeProvider clock, ILogger<KeyLogFollower> logger) : BackgroundService
{
    /// <summary>A broker that is back is found soon; one that is away is not hammered.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>What becomes overdue is found by then.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(10);

    /// <summary>More operators of one node say nothing that these do not; one does not count for itself.</summary>
    private const int MaxCosigners = 2;

    private readonly Dictionary<OperatorId, long> _believed = [];
    private readonly HashSet<(OperatorId, long)> _cosigned = [];
    private int _failures;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(FollowAsync(stoppingToken), LookAsync(stoppingToken), TellAsync(stoppingToken));
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                HostedOperator[] all = [.. operators.All.Where(op => op.Stopped is null).OrderBy(op => op.OperatorId)];
                if (all.Length > 0)
                {
                    // After a failure it is another one's turn: one may be suspended.
                    await WatchAsync(all[_failures % all.Length], stoppingToken);
                }

                await Task.Delay(RetryDelay, clock, stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                if (_failures++ == 0)
                {
                    LogFault(Faults.Describe(fault));
                }

                await Task.WhenAny(Task.Delay(RetryDelay, clock, stoppingToken));
            }
        }
    }

    private async Task WatchAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        using var watch = op.Broker.KeyLog.WatchKeyLog(new(), cancellationToken: cancellationToken);
        await foreach (var shown in watch.ResponseStream.ReadAllAsync(cancellationToken))
        {
            await RememberAsync(cancellationToken);
            await log.AdvanceAsync(op.Broker, shown.Checkpoints, shown.VerifierKey, cancellationToken);
            await BelieveAsync(cancellationToken);
            await log.LearnNewsAsync(op.Broker, cancellationToken);
            _failures = 0;
        }
    }

    /// <summary>What was believed before this process was started, and by operators that came since.</summary>
    private async Task RememberAsync(CancellationToken cancellationToken)
    {
        foreach (var op in operators.All.Where(op => !_believed.ContainsKey(op.OperatorId)))
        {
            if (await BelievedCheckpoints.LastAsync(op.Database.Source, cancellationToken) is { } last)
            {
                log.Remember(last.Note, last.Verifier);
            }

            _believed[op.OperatorId] = 0;
            log.Watch(await KeyReport.PartnersAsync(op, cancellationToken));
            op.SealingStopped = await ForeignKeys.AreOpenAsync(op.Database.Source, cancellationToken);
        }
    }

    private async Task BelieveAsync(CancellationToken cancellationToken)
    {
        if (log.NewestSeen() is not { } newest)
        {
            return;
        }

        var cosigners = 0;
        foreach (var op in operators.All.Where(op => op.Stopped is null).OrderBy(op => op.OperatorId))
        {
            await WatchOverAsync(op, cancellationToken);
            if (_believed.GetValueOrDefault(op.OperatorId) < newest.Size)
            {
                await BelievedCheckpoints.AddAsync(
                    op.Database.Source, newest, log.VerifierKey, clock.GetUtcNow(), cancellationToken);
                _believed[op.OperatorId] = newest.Size;
            }

            if (cosigners++ < MaxCosigners && !op.SealingStopped)
            {
                await CosignAsync(op, newest, cancellationToken);
            }
        }
    }

    /// <summary>What stands in the operator's name and was not made here was made by somebody else.</summary>
    private async Task WatchOverAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var leaves = log.Leaves(op.OperatorId.Value);
        foreach (var (number, hash) in leaves.Index().Where(leaf => !op.Keys.HasMade(leaf.Item)))
        {
            var finding = new KeyFinding(
                KeyFinding.ForeignKey,
                $"{op.OperatorId} {number}",
                $"Entry {number} of this company in the key log was not made by this node: somebody publishes keys in "
                    + "its name. Nothing is sealed until a person has looked. If it was you, with another folder of "
                    + "keys, drop this problem; if not, tell the federation and your partners, and recover the key.",
                System.Text.Json.JsonSerializer.Serialize(new
                {
                    operator_id = $"{op.OperatorId}",
                    number,
                    entry_hash = Convert.ToBase64String(hash),
                    checkpoint = log.Newest,
                    verifier = log.VerifierKey,
                }));
            if (await Alarms.RaiseAsync(op, finding, cancellationToken))
            {
                op.SealingStopped = true;
                LogAlarm(op.OperatorId, finding.Kind, finding.About);
            }
        }
    }

    private async Task CosignAsync(HostedOperator op, SeenCheckpoint newest, CancellationToken cancellationToken)
    {
        // Whose log key is not in the log yet is not believed; it cosigns the next one.
        if (newest.Cosigners.Contains(op.OperatorId.Value) || !op.Keys.ArePublished
            || !_cosigned.Add((op.OperatorId, newest.Size)))
        {
            return;
        }

        try
        {
            var text = SignedNote.Parse(newest.Note).Text;
            await op.Broker.KeyLog.AddKeyLogCosignatureAsync(
                new() { Size = newest.Size, Cosignature = $"{op.Keys.Log.Signer.Cosign(text, clock.GetUtcNow())}" },
                await op.Broker.CallAsync(cancellationToken));
        }
        catch (RpcException)
        {
            _cosigned.Remove((op.OperatorId, newest.Size));
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookInterval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                log.LookAhead();
            }
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    /// <summary>What is found concerns everybody who relies on the log.</summary>
    private async Task TellAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var finding in log.Findings.ReadAllAsync(stoppingToken))
            {
                foreach (var op in operators.All.Where(op => op.Stopped is null))
                {
                    await TellAsync(op, finding, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
    }

    private async Task TellAsync(HostedOperator op, KeyFinding finding, CancellationToken cancellationToken)
    {
        try
        {
            if (await Alarms.RaiseAsync(op, finding, cancellationToken))
            {
                LogAlarm(op.OperatorId, finding.Kind, finding.About);
            }
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            LogFault(Faults.Describe(fault));
        }
    }

    [LoggerMessage(LogLevel.Critical, "Operator {OperatorId}: {Kind} {About} in the key log; see `trace keys check`")]
    private partial void LogAlarm(OperatorId operatorId, string kind, string about);

    [LoggerMessage(LogLevel.Warning, "The key log cannot be followed and will be tried again: {Fault}")]
    private partial void LogFault(string fault);
}
