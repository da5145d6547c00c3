using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Tells the broker that a supplier is asked.</summary>
internal static class TradeRequestSender
{
    public static async Task SendAsync(
        HostedOperator op, TradeId tradeId, TradeRequestNotice notice, CancellationToken cancellationToken)
    {
        var letter = new TradeLetter
        {
            Message = notice.Message,
            DueTime = notice.DueAt?.ToTimestamp(),
            DeclaredUnit = notice.Unit,
        };
        var sealedLetter = await Letters.SealAsync(op, notice.SupplierId, tradeId, letter, cancellationToken);
        await op.Broker.Trades.RequestTradeAsync(
            new RequestTradeRequest
            {
                TradeId = tradeId.ToString(),
                SupplierOperatorId = notice.SupplierId.ToString(),
                SealedLetter = sealedLetter,
                SignedAct = Acts.Sign(
                    op, tradeId, SignedAct.Requested, SignedAct.Request(notice.SupplierId, sealedLetter)),
            },
            await op.Broker.CallAsync(cancellationToken));
    }
}
