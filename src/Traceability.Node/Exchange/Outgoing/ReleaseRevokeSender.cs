using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Releases;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>
/// Tells the broker that a customer may see nothing any more. It counts with what the customer was shown: held back, it
/// is a gap.
/// </summary>
internal static class ReleaseRevokeSender
{
    public static async Task<SentNumber> SendAsync(
        HostedOperator op, TradeId tradeId, ReleaseRevokeNotice notice, CancellationToken cancellationToken)
    {
        var number = await op.Numbers.NextAsync(
            tradeId, MessageNumbers.RevocationId(tradeId, notice.Revision), notice.Revision, cancellationToken);
        await op.Broker.Releases.RevokeReleaseAsync(
            new RevokeReleaseRequest
            {
                TradeId = tradeId.ToString(),
                Revision = notice.Revision,
                SignedAct = Acts.Sign(op, tradeId, SignedAct.Revoked, number: number),
            },
            await op.Broker.CallAsync(cancellationToken));
        return number;
    }
}
