using Traceability.Domain.Trades;
using Traceability.Node.Operators;

namespace Traceability.Node.Trades;

/// <summary>The buyer withdraws its request: the operator itself, or a customer of it.</summary>
/// <param name="TradeId">Which.</param>
/// <param name="By">Null: the operator itself.</param>
internal sealed record CancelTrade(TradeId TradeId, OperatorId? By = null) : IAct<Decided<Trade>>
{
    public async Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var decided = await session.DecideTradeAsync(
            TradeId, trade => trade.Cancel(By ?? session.Operator, session.Now), cancellationToken);
        if (By is null && decided.Events.Count > 0)
        {
            session.Notify(TradeId, new TradeCancelNotice());
        }

        return decided;
    }
}
