using Traceability.Domain.Operators;
using Traceability.Domain.Trades;
using Operator = Traceability.Domain.Operators.Operator;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Trades;

/// <summary>A member asks another for a footprint. What it is about is sealed.</summary>
internal sealed record RequestTrade(TradeId TradeId, OperatorId Supplier, string SealedLetter, string SignedAct)
    : IAct<Decided<Trade>>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Decided<Trade>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Operator>(StreamNames.Operator(session.Caller), StreamNames.Operator(Supplier)),
            Fetch.ToDecide<Acquaintance>(StreamNames.Acquaintance(session.Caller, Supplier)),
            Fetch.ToDecide<Trade>(StreamNames.Trade(TradeId)));
        await session.CallerAsync(cancellationToken);
        if (session.Known<Operator>(StreamNames.Operator(Supplier)) is not { Active: true } supplier
            || !(supplier.IsListed || Knows(session)))
        {
            throw RefusedException.NotDisclosed("Operator", "operator_id", Supplier);
        }

        await session.IntroduceAsync(Supplier, IntroducedBy.Trade, cancellationToken);
        var requested = new TradeRequested(TradeId, session.Caller, Supplier, null, "", null, session.Now);
        return await session.DecideTradeAsync(
            TradeId,
            trade => Trade.Request(trade, requested),
            Supplier,
            new() { SignedAct = SignedAct, TradeRequested = new() { SealedLetter = SealedLetter } },
            cancellationToken);
    }

    private bool Knows(BrokerSession session) =>
        session.Known<Acquaintance>(StreamNames.Acquaintance(session.Caller, Supplier)) is not null;
}
