using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Tells the broker that a trade has ended.</summary>
internal static class TradeEndSender
{
    public static async Task SendAsync(
        HostedOperator op, TradeId tradeId, TradeEndNotice notice, CancellationToken cancellationToken) =>
        await op.Broker.Trades.EndTradeAsync(
            new EndTradeRequest
            {
                TradeId = tradeId.ToString(),
                SignedAct = Acts.Sign(op, tradeId, SignedAct.Ended),
            },
            await op.Broker.CallAsync(cancellationToken));
}
