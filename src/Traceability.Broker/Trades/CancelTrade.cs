using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Trades;

/// <summary>The buyer withdraws its request.</summary>
internal sealed record CancelTrade(TradeId TradeId, string SignedAct) : IAct<Decided<Trade>>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Decided<Trade>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var trade = await session.TradeAsync(TradeId, cancellationToken);
        return await session.DecideTradeAsync(
            TradeId,
            _ => trade.Cancel(session.Caller, session.Now),
            trade.SupplierId,
            new() { SignedAct = SignedAct, TradeCancelled = new() },
            cancellationToken);
    }
}
