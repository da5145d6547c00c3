using Traceability.Domain.Releases;
using Release = Traceability.Domain.Releases.Release;

namespace Traceability.Broker.Releases;

/// <summary>A supplier allows the broker to deliver. Decisions that are overtaken change nothing.</summary>
internal sealed record GrantRelease(
    TradeId TradeId, IReadOnlyList<FootprintField> Fields, string Purpose, DateTimeOffset? ValidUntil, long Revision)
    : IAct<Decided<Release>>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<Decided<Release>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var trade = await session.TradeAsync(TradeId, cancellationToken);
        trade.MustBeSupplier(session.Caller);
        return await session.DecideAsync<Release>(
            StreamNames.Release(TradeId),
            existing => existing?.Revision >= Revision
                ? []
                : Release.Grant(existing, trade, session.Caller, Fields, Purpose, ValidUntil, session.Now),
            cancellationToken);
    }
}
