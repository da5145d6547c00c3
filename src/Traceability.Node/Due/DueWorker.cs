using Traceability.Node.Operators;

namespace Traceability.Node.Due;

/// <summary>Does for every operator what comes due, at that moment.</summary>
internal sealed partial class DueWorker(HostedOperators operators, TimeProvider clock, ILogger<DueWorker> logger)
    : BackgroundService
{
    /// <summary>What another process has noted is found by looking; so is a fault that has passed.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<Task> running = [];
        await foreach (var op in operators.ArrivalsAsync(stoppingToken))
        {
            running.Add(KeepAsync(op, stoppingToken));
        }

        await Task.WhenAll(running);
    }

    private async Task KeepAsync(HostedOperator op, CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, op.Stopping);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(op, stopping.Token);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                LogFault(op.OperatorId, Faults.Describe(fault));
                await Task.WhenAny(Task.Delay(LookInterval, clock, stopping.Token));
            }
        }
    }

    private async Task WaitAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var noted = op.DueNoted.Next;
        var next = await DoWhatIsDue.NextAsync(op.Database.Source, cancellationToken);
        var wait = next - clock.GetUtcNow() ?? LookInterval;
        if (wait <= TimeSpan.Zero)
        {
            await op.DoAsync(new DoWhatIsDue(), "recalculation", cancellationToken);
            return;
        }

        await Task.WhenAny(noted, Task.Delay(wait < LookInterval ? wait : LookInterval, clock, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    [LoggerMessage(LogLevel.Warning, "What is due for operator {OperatorId} will be tried again: {Fault}")]
    private partial void LogFault(OperatorId operatorId, string fault);
}
