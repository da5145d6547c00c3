using Traceability.Domain.Trades;
using Traceability.Node.Operators;

namespace Traceability.Node.Trades;

/// <summary>Finds what an act names, or gives the one answer to what is not there.</summary>
internal static class TradesOfSession
{
    public static Task<Decided<Trade>> DecideTradeAsync(
        this OperatorSession session, TradeId tradeId, Func<Trade, object[]> decide,
        CancellationToken cancellationToken, long? etag = null) => session.DecideAsync<Trade>(
            StreamNames.Trade(tradeId), trade => decide(trade ?? throw Unknown(tradeId)), etag, cancellationToken);

    /// <summary>One that has been fetched.</summary>
    public static Trade KnownTrade(this OperatorSession session, TradeId tradeId) =>
        session.Known<Trade>(StreamNames.Trade(tradeId)) ?? throw Unknown(tradeId);

    /// <summary>For questions.</summary>
    public static async Task<Trade> TradeAsync(
        this HostedOperator op, TradeId tradeId, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        return await session.LoadAsync<Trade>(StreamNames.Trade(tradeId), cancellationToken) ?? throw Unknown(tradeId);
    }

    private static RefusedException Unknown(TradeId tradeId) =>
        RefusedException.NotDisclosed("Trade", "trade_id", tradeId);
}
