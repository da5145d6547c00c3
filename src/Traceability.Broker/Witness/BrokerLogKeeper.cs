using Traceability.Broker.Log;
using Traceability.Storage.Logs;

namespace Traceability.Broker.Witness;

/// <summary>Puts the broker's decisions and its own events into its log.</summary>
internal sealed partial class BrokerLogKeeper(
    BrokerDatabase broker, DecisionLog decisions, TimeProvider clock, ILogger<BrokerLogKeeper> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await decisions.AppendAsync(stoppingToken);
                await broker.Log.AppendAsync(stoppingToken);
            }
            catch (BrokenHistoryException broken)
            {
                LogBroken(broken.Message);
                return;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogFault(fault.GetType().Name);
            }
        }
    }

    [LoggerMessage(LogLevel.Critical, "The broker's history was changed; nothing more is signed: {Finding}")]
    private partial void LogBroken(string finding);

    [LoggerMessage(LogLevel.Warning, "The broker's log cannot be written and will be tried again: {Fault}")]
    private partial void LogFault(string fault);
}
