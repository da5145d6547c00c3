using Marten;
using Traceability.Hosting;
using Operator = Traceability.Domain.Operators.Operator;

namespace Traceability.Broker.Directory;

/// <summary>Knows what was revoked before this replica was started, and at others.</summary>
internal sealed partial class RevocationKeeper(
    BrokerDatabase broker, RevokedCertificates revoked, HostSettings host, TimeProvider clock,
    ILogger<RevocationKeeper> logger) : BackgroundService
{
    /// <summary>Nobody is let in before the list is read.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(host.RevocationInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogFault(fault.GetType().Name);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await using var session = broker.Query();
        var members = await session.Query<Operator>().Where(member => member.RevokedCertificates!.Any())
            .ToListAsync(cancellationToken);
        revoked.Add([.. members.SelectMany(member => member.RevokedCertificates!)]);
    }

    [LoggerMessage(LogLevel.Warning, "What was revoked at other replicas cannot be read: {Fault}")]
    private partial void LogFault(string fault);
}
