using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Operators;

namespace Traceability.Node.Trades;

/// <summary>The operator does not answer a customer's request.</summary>
internal sealed record RejectTrade(TradeId TradeId, string Message, long? Etag = null) : IAct<Decided<Trade>>
{
    public static RejectTrade Read(Input input, string tradeId, string message, string etag) => new(
        input.Id<TradeId>("trade_id", tradeId),
        input.Writing("message", message, 0, Trade.MaxMessage),
        input.Etag("etag", etag));

    public async Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var decided = await session.DecideTradeAsync(
            TradeId, trade => trade.Reject(Message, session.Operator, session.Now), cancellationToken, Etag);
        if (decided.Events.Count > 0)
        {
            session.Notify(TradeId, new TradeRejectNotice(decided.State.BuyerId, Message));
        }

        return decided;
    }
}

/// <summary>A supplier does not answer.</summary>
internal sealed record LearnRejection(TradeId TradeId, string Message, OperatorId By) : IAct<Decided<Trade>>
{
    public Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken) =>
        session.DecideTradeAsync(TradeId, trade => trade.Reject(Message, By, session.Now), cancellationToken);
}
