using Traceability.Contracts.Broker.V1;
using Traceability.Node.Operators;
using Traceability.Node.Releases;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Tells the broker that a customer may see nothing any more.</summary>
internal static class ReleaseRevokeSender
{
    public static async Task SendAsync(
        HostedOperator op, TradeId tradeId, ReleaseRevokeNotice notice, CancellationToken cancellationToken) =>
        await op.Broker.Releases.RevokeReleaseAsync(
            new RevokeReleaseRequest { TradeId = tradeId.ToString(), Revision = notice.Revision },
            await op.Broker.CallAsync(cancellationToken));
}
