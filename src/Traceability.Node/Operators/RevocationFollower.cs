using Traceability.Hosting;
using Traceability.Node.Exchange.Transport;

namespace Traceability.Node.Operators;

/// <summary>
/// Learns from the broker which client certificates are revoked, for all operators of the node at once. While the
/// broker is away what is known holds: a revoked certificate gets no new token there, and those before end soon.
/// </summary>
internal sealed partial class RevocationFollower(
    HostedOperators operators, RevokedCertificates revoked, HostSettings host, TimeProvider clock,
    ILogger<RevocationFollower> logger) : BackgroundService
{
    private const int PageSize = 1000;

    private int _failures;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(host.RevocationInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
                _failures = 0;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                if (_failures++ == 0)
                {
                    LogFault(Faults.Describe(fault));
                }
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>
    /// In the name of any operator. After a failure it is another one's turn: the certificate may be what is revoked.
    /// </summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        HostedOperator[] all = [.. operators.All];
        if (all.Length > 0)
        {
            await ReadAsync(all[_failures % all.Length].Broker, cancellationToken);
        }
    }

    private async Task ReadAsync(BrokerClient broker, CancellationToken cancellationToken)
    {
        var request = new Contracts.Broker.V1.ListRevokedClientCertificatesRequest { PageSize = PageSize };
        do
        {
            var page = await broker.Directory.ListRevokedClientCertificatesAsync(
                request, await broker.CallAsync(cancellationToken));
            revoked.Add(page.Fingerprints);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    [LoggerMessage(LogLevel.Warning, "The broker does not tell what is revoked and is asked again: {Fault}")]
    private partial void LogFault(string fault);
}
