using Traceability.Domain.Footprints;
using Traceability.Domain.Trades;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Footprints;

/// <summary>A supplier shows its total no longer: it refused, or ended its release.</summary>
internal sealed record WithholdTotal(TradeId TradeId, OperatorId By) : IAct<Decided<UpstreamTotal>>
{
    public async Task<Decided<UpstreamTotal>> HandleAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Trade>(StreamNames.Trade(TradeId)),
            Fetch.ToDecide<UpstreamTotal>(StreamNames.Upstream(TradeId)));
        var trade = session.KnownTrade(TradeId);
        trade.MustBeSupplier(By);
        var part = trade.BuyersPart();
        session.Touch(part);
        return await session.DecideAsync<UpstreamTotal>(
            StreamNames.Upstream(TradeId),
            existing => UpstreamTotal.Withhold(existing, TradeId, part, session.Now),
            cancellationToken);
    }
}
