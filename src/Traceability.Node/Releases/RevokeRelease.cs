using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Releases;

/// <summary>The operator shows nothing to the customer of a trade any more.</summary>
internal sealed record RevokeRelease(TradeId TradeId) : IAct<Release>
{
    public async Task<Release> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Trade>(StreamNames.Trade(TradeId)),
            Fetch.ToDecide<Release>(StreamNames.Release(TradeId)));
        var trade = session.KnownTrade(TradeId);
        var decided = await session.DecideAsync<Release>(
            StreamNames.Release(TradeId),
            existing => Release.Revoke(existing, trade, session.Operator, session.Now),
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.Notify(TradeId, new ReleaseRevokeNotice(decided.State.Revision));
        }

        return decided.State ?? throw RefusedException.NotDisclosed("Release", "trade_id", TradeId);
    }
}
