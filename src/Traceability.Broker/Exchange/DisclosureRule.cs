using Marten;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Releases;
using Operator = Traceability.Domain.Operators.Operator;
using Release = Traceability.Domain.Releases.Release;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Exchange;

/// <summary>Asks the policy with all that the broker knows.</summary>
internal static class DisclosureRule
{
    /// <returns>Why it may not be shown; null if it may.</returns>
    public static RefusedException? Refusal(
        OperatorId supplier, TradeId tradeId, string purpose, Trade? trade, Release? release, Operator? supplierNow,
        Operator? buyerNow, DateTimeOffset now)
    {
        try
        {
            DisclosurePolicy.Decide(
                new DisclosureCase(
                    supplier, tradeId, purpose, trade, release, supplierNow is { Active: true },
                    buyerNow is { Active: true }),
                now);
            return null;
        }
        catch (RefusedException refusal)
        {
            return refusal;
        }
    }

    /// <summary>What was taken before a revocation, and is still here after it, is not delivered any more.</summary>
    public static async Task<bool> MayBeDeliveredAsync(
        IQuerySession session, MailboxMessage message, OperatorId recipient, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        if (message.ContentCase != MailboxMessage.ContentOneofCase.Disclosure)
        {
            return true;
        }

        var (tradeId, supplier) = (
            new TradeId(Guid.Parse(message.TradeId)), new OperatorId(Guid.Parse(message.SenderOperatorId)));
        var batch = session.CreateBatchQuery();
        var (trade, reading, supplierNow, buyerNow) = (
            batch.Load<Trade>(StreamNames.Trade(tradeId)),
            batch.Load<Release>(StreamNames.Release(tradeId)),
            batch.Load<Operator>(StreamNames.Operator(supplier)),
            batch.Load<Operator>(StreamNames.Operator(recipient)));
        await batch.Execute(cancellationToken);
        return await reading is { } release
            && Refusal(
                supplier, tradeId, release.Purpose, await trade, release, await supplierNow, await buyerNow, now)
                is null;
    }
}
