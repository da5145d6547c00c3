using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Trades;

/// <summary>One side ends what was accepted.</summary>
internal sealed record EndTrade(TradeId TradeId, string SignedAct) : IAct<Decided<Trade>>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Decided<Trade>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var trade = await session.TradeAsync(TradeId, cancellationToken);
        return await session.DecideTradeAsync(
            TradeId,
            _ => trade.End(session.Caller, session.Now),
            session.Caller == trade.BuyerId ? trade.SupplierId : trade.BuyerId,
            new() { SignedAct = SignedAct, TradeEnded = new() },
            cancellationToken);
    }
}
