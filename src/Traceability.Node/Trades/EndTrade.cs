using Traceability.Domain.Trades;
using Traceability.Node.Operators;

namespace Traceability.Node.Trades;

/// <summary>One side ends what was accepted: the operator itself, or the other one.</summary>
/// <param name="TradeId">Which.</param>
/// <param name="By">Null: the operator itself.</param>
internal sealed record EndTrade(TradeId TradeId, OperatorId? By = null) : IAct<Decided<Trade>>
{
    public async Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var decided = await session.DecideTradeAsync(
            TradeId, trade => trade.End(By ?? session.Operator, session.Now), cancellationToken);
        if (By is null && decided.Events.Count > 0)
        {
            session.Notify(TradeId, new TradeEndNotice());
        }

        return decided;
    }
}
