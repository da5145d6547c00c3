using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Tells the broker that a request is withdrawn.</summary>
internal static class TradeCancelSender
{
    public static async Task SendAsync(
        HostedOperator op, TradeId tradeId, TradeCancelNotice notice, CancellationToken cancellationToken) =>
        await op.Broker.Trades.CancelTradeAsync(
            new CancelTradeRequest
            {
                TradeId = tradeId.ToString(),
                SignedAct = Acts.Sign(op, tradeId, SignedAct.Cancelled),
            },
            await op.Broker.CallAsync(cancellationToken));
}
