using Polly;
using Polly.Retry;
using Traceability.Node.Exchange.Incoming;
using Traceability.Node.Exchange.Outgoing;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange;

/// <summary>
/// Keeps every operator of this node sending and receiving, whatever happens to broker, network or database.
/// </summary>
internal sealed partial class ExchangeWorker(
    HostedOperators operators, Sender sender, Receiver receiver, ILogger<ExchangeWorker> logger) : BackgroundService
{
    /// <summary>A broker that is back is found soon; one that is away is not hammered.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<Task> running = [];
        await foreach (var op in operators.ArrivalsAsync(stoppingToken))
        {
            running.Add(KeepAsync("sender", op, sender.RunAsync, stoppingToken));
            running.Add(KeepAsync("receiver", op, receiver.RunAsync, stoppingToken));
            running.Add(KeepAsync("retries", op, receiver.RetryAsync, stoppingToken));
        }

        await Task.WhenAll(running);
    }

    /// <summary>
    /// Runs until the operator is stopped. Each end is a fault to recover from; how long it ran decides how soon it
    /// starts again.
    /// </summary>
    private async Task KeepAsync(
        string what,
        HostedOperator op,
        Func<HostedOperator, CancellationToken, Task> run,
        CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, op.Stopping);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await Retry(what).ExecuteAsync(async token => await run(op, token), stopping.Token);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                // What was not sent stays in the outbox.
            }
        }

        LogEnded(what, op.OperatorId);
    }

    private ResiliencePipeline Retry(string what) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstDelay,
            MaxDelay = LongestDelay,
            // A cancellation that nobody here asked for is a deadline that has passed: a fault like any other.
            ShouldHandle = attempt => ValueTask.FromResult(
                attempt.Outcome.Exception is not null && !attempt.Context.CancellationToken.IsCancellationRequested),
            OnRetry = retry =>
            {
                LogFault(what, retry.AttemptNumber, Faults.Describe(retry.Outcome.Exception));
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    [LoggerMessage(LogLevel.Information, "The {What} of operator {OperatorId} has ended")]
    private partial void LogEnded(string what, OperatorId operatorId);

    [LoggerMessage(LogLevel.Warning, "The {What} starts again (attempt {Attempt}): {Fault}")]
    private partial void LogFault(string what, int attempt, string fault);
}
