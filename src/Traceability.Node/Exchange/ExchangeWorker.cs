using Grpc.Core;
using Npgsql;
using Polly;
using Polly.Retry;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange;

/// <summary>
/// Keeps every operator of this node sending and receiving, whatever happens to broker, network or database.
/// </summary>
internal sealed partial class ExchangeWorker(
    HostedOperators operators,
    Recalculation recalculation,
    NodeSettings node,
    TimeProvider clock,
    ILoggerFactory loggers,
    ILogger<ExchangeWorker> logger) : BackgroundService
{
    /// <summary>A broker that is back is found soon; one that is away is not hammered.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var sender = new Sender(recalculation, node, clock, loggers.CreateLogger<Sender>());
        var receiver = new Receiver(recalculation, clock, loggers.CreateLogger<Receiver>());
        List<Task> running = [];
        await foreach (var op in operators.ArrivalsAsync(stoppingToken))
        {
            running.Add(KeepAsync("sender", token => sender.RunAsync(op, token), stoppingToken));
            running.Add(KeepAsync("receiver", token => receiver.RunAsync(op, token), stoppingToken));
        }

        await Task.WhenAll(running);
    }

    /// <summary>
    /// Runs for ever. Each end is a fault to recover from; how long it ran decides how soon it starts again.
    /// </summary>
    private async Task KeepAsync(string what, Func<CancellationToken, Task> run, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Retry(what).ExecuteAsync(async token => await run(token), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private ResiliencePipeline Retry(string what) => new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstDelay,
            MaxDelay = LongestDelay,
            ShouldHandle = new PredicateBuilder().Handle<Exception>(fault => fault is not OperationCanceledException),
            OnRetry = retry =>
            {
                LogFault(what, retry.AttemptNumber, Describe(retry.Outcome.Exception));
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    /// <summary>Names the fault without its text, which may repeat what was sent.</summary>
    private static string Describe(Exception? fault) => fault switch
    {
        RpcException rpc => $"broker {rpc.StatusCode}",
        PostgresException postgres => $"database {postgres.SqlState}",
        null => "ended",
        _ => fault.GetType().Name,
    };

    [LoggerMessage(LogLevel.Warning, "The {What} starts again (attempt {Attempt}): {Fault}")]
    private partial void LogFault(string what, int attempt, string fault);
}
