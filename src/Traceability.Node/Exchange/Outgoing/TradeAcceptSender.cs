using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Tells the broker that a customer's request is answered.</summary>
internal static class TradeAcceptSender
{
    public static async Task SendAsync(
        HostedOperator op, TradeId tradeId, TradeAcceptNotice notice, CancellationToken cancellationToken) =>
        await op.Broker.Trades.AcceptTradeAsync(
            new AcceptTradeRequest
            {
                TradeId = tradeId.ToString(),
                PartRef = notice.PartRef,
                SignedAct = Acts.Sign(op, tradeId, SignedAct.Accepted, notice.PartRef),
            },
            await op.Broker.CallAsync(cancellationToken));
}
