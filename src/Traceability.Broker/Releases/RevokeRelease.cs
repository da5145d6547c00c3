using Release = Traceability.Domain.Releases.Release;

namespace Traceability.Broker.Releases;

/// <summary>A supplier allows the broker to deliver nothing more; the buyer is told.</summary>
internal sealed record RevokeRelease(TradeId TradeId, long Revision, string SignedAct) : IAct<Release?>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Release?> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var trade = await session.TradeAsync(TradeId, cancellationToken);
        trade.MustBeSupplier(session.Caller);
        var decided = await session.DecideAsync<Release>(
            StreamNames.Release(TradeId),
            existing => existing?.Revision >= Revision
                ? []
                : Release.Revoke(existing, trade, session.Caller, session.Now),
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.Post(trade.BuyerId, TradeId, new() { SignedAct = SignedAct, ReleaseRevoked = new() });
        }

        return decided.State;
    }
}
