using Traceability.Domain.Trades;

namespace Traceability.Domain.Releases;

/// <summary>Everything the decision rests on.</summary>
/// <param name="Caller">Who wants to disclose.</param>
/// <param name="TradeId">Under which trade.</param>
/// <param name="Purpose">What for.</param>
/// <param name="Trade">The trade, or null if there is none.</param>
/// <param name="Release">The trade's release, or null if there never was one.</param>
/// <param name="SupplierActive">Whether the supplier may take part in the federation.</param>
/// <param name="BuyerActive">Whether the buyer may.</param>
public record DisclosureCase(
    OperatorId Caller, TradeId TradeId, string Purpose, Trade? Trade, Release? Release, bool SupplierActive,
    bool BuyerActive);

/// <summary>
/// Who may show what to whom. The broker asks before routing and again before delivering, the supplier's node asks
/// before
/// sealing. Default is no.
/// </summary>
public static class DisclosurePolicy
{
    /// <summary>The fields that may be shown: at least one, or the refusal.</summary>
    public static IReadOnlyList<FootprintField> Decide(DisclosureCase asked, DateTimeOffset now)
    {
        // Who-may comes before what-is: neither a stranger nor the buyer learns anything from the refusal.
        if (asked.Trade is null || asked.Caller != asked.Trade.SupplierId)
        {
            throw RefusedException.NotDisclosed("Trade", "trade_id", asked.TradeId);
        }

        if (!asked.SupplierActive)
        {
            throw new RefusedException(
                RefusalReason.OperatorSuspended,
                $"Operator {asked.Caller} is suspended; ask the federation's administrator.",
                ("operator_id", asked.Caller.ToString()));
        }

        if (asked.Trade.Status != TradeStatus.Accepted)
        {
            throw asked.Trade.NotAccepted();
        }

        // A suspended buyer is told to its supplier as "no release": membership of others is not the caller's business.
        return asked.BuyerActive && InForce(asked.Release, asked.Purpose, now)
            ? asked.Release!.Fields
            : throw new RefusedException(
                RefusalReason.NotReleased,
                $"No release in force allows this disclosure under trade {asked.TradeId}.",
                ("trade_id", asked.TradeId.ToString()));
    }

    private static bool InForce(Release? release, string purpose, DateTimeOffset now) =>
        release is not null && release.Purpose == purpose && release.InForce(now);
}
