using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Tells the broker that a customer's request is refused.</summary>
internal static class TradeRejectSender
{
    public static async Task SendAsync(
        HostedOperator op, TradeId tradeId, TradeRejectNotice notice, CancellationToken cancellationToken)
    {
        var letter = new TradeLetter { Message = notice.Message };
        var sealedLetter = await Letters.SealAsync(op, notice.BuyerId, tradeId, letter, cancellationToken);
        await op.Broker.Trades.RejectTradeAsync(
            new RejectTradeRequest
            {
                TradeId = tradeId.ToString(),
                SealedLetter = sealedLetter,
                SignedAct = Acts.Sign(op, tradeId, SignedAct.Rejected, sealedLetter),
            },
            await op.Broker.CallAsync(cancellationToken));
    }
}
