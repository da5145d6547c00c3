using Traceability.Domain.Trades;
using Operator = Traceability.Domain.Operators.Operator;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Trades;

/// <summary>A member asks another for a footprint. What it is about is sealed.</summary>
internal sealed record RequestTrade(TradeId TradeId, OperatorId Supplier, string SealedLetter) : IAct<Decided<Trade>>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Decided<Trade>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Operator>(StreamNames.Operator(session.Caller), StreamNames.Operator(Supplier)),
            Fetch.ToDecide<Trade>(StreamNames.Trade(TradeId)));
        await session.CallerAsync(cancellationToken);
        if (session.Known<Operator>(StreamNames.Operator(Supplier)) is not { Active: true })
        {
            throw RefusedException.NotDisclosed("Operator", "operator_id", Supplier);
        }

        var requested = new TradeRequested(TradeId, session.Caller, Supplier, null, "", null, session.Now);
        return await session.DecideTradeAsync(
            TradeId,
            trade => Trade.Request(trade, requested),
            Supplier,
            new() { TradeRequested = new() { SealedLetter = SealedLetter } },
            cancellationToken);
    }
}
