using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Trades;

/// <summary>The supplier does not answer. Why is sealed.</summary>
internal sealed record RejectTrade(TradeId TradeId, string SealedLetter, string SignedAct) : IAct<Decided<Trade>>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Decided<Trade>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var trade = await session.TradeAsync(TradeId, cancellationToken);
        return await session.DecideTradeAsync(
            TradeId,
            _ => trade.Reject("", session.Caller, session.Now),
            trade.BuyerId,
            new() { SignedAct = SignedAct, TradeRejected = new() { SealedLetter = SealedLetter } },
            cancellationToken);
    }
}
