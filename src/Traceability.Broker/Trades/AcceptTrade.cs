using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Trades;

/// <summary>The supplier accepts, and names its part by a pseudonym.</summary>
internal sealed record AcceptTrade(TradeId TradeId, string PartRef, string SignedAct) : IAct<Decided<Trade>>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Decided<Trade>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var trade = await session.TradeAsync(TradeId, cancellationToken);
        return await session.DecideTradeAsync(
            TradeId,
            _ => trade.Accept(null, null, PartRef, session.Caller, session.Now),
            trade.BuyerId,
            new() { SignedAct = SignedAct, TradeAccepted = new() { PartRef = PartRef } },
            cancellationToken);
    }
}
