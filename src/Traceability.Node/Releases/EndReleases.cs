using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Node.Operators;

namespace Traceability.Node.Releases;

/// <summary>
/// Releases whose end has come are ended as if somebody had done so at that moment: the customer is told, and its total
/// becomes incomplete.
/// </summary>
internal static class EndReleases
{
    public static async Task EndReleasesAsync(
        this OperatorSession session, IReadOnlyCollection<TraceId> parts, CancellationToken cancellationToken)
    {
        var trades = await PartLinks.TradesAboutAsync(
            await session.ConnectionAsync(cancellationToken), parts, cancellationToken);
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Trade>(trades.Select(about => StreamNames.Trade(about.TradeId))),
            Fetch.ToDecide<Release>(trades.Select(about => StreamNames.Release(about.TradeId))));
        foreach (var (_, trade) in trades)
        {
            if (session.Known<Release>(StreamNames.Release(trade))?.HasRunOut(session.Now) == true)
            {
                await new RevokeRelease(trade).HandleAsync(session, cancellationToken);
            }
        }
    }
}
