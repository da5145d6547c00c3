using Traceability.Domain.Trades;
using Traceability.Node.Operators;
using Traceability.Storage.Logs;

namespace Traceability.Node.Audit;

/// <summary>What people wrote to each other about a trade is taken out of the history, with a record of it.</summary>
/// <returns>How many events had something to take out.</returns>
internal sealed record MaskTrade(TradeId TradeId, string Reason) : IAct<int>
{
    public Task<int> HandleAsync(OperatorSession session, CancellationToken cancellationToken) =>
        session.MaskAsync<Trade>(StreamNames.Trade(TradeId), Reason, session.Now, cancellationToken);
}
