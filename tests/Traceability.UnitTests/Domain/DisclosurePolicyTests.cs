using Traceability.Domain;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class DisclosurePolicyTests
{
    private const string Purpose = "product_footprint";

    private static readonly OperatorId Buyer = Any.Operator();
    private static readonly OperatorId Supplier = Any.Operator();
    private static readonly TradeId TradeId = Any.Trade();
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    private static readonly Trade Accepted = new(
        TradeId, Buyer, Supplier, TradeStatus.Accepted, null, null, "ref", "", "", null, Now);

    private static readonly Release Granted = new(
        TradeId, [FootprintField.Total], Purpose, Now.AddDays(1), false, Now, 1);

    private static readonly DisclosureCase Good = new(Supplier, TradeId, Purpose, Accepted, Granted, true, true);

    [Fact]
    public void What_is_released_may_be_shown() =>
        Assert.Equal([FootprintField.Total], DisclosurePolicy.Decide(Good, Now));

    [Fact]
    public void Without_a_trade_nothing_exists() =>
        Refusal.Of(RefusalReason.NotDisclosed, () => DisclosurePolicy.Decide(Good with { Trade = null }, Now));

    [Fact]
    public void Somebody_elses_trade_and_no_trade_are_the_same_answer()
    {
        var stranger = Good with { Caller = Any.Operator() };
        var theirs = Refusal.Of(RefusalReason.NotDisclosed, () => DisclosurePolicy.Decide(stranger, Now));
        var none = Refusal.Of(
            RefusalReason.NotDisclosed, () => DisclosurePolicy.Decide(stranger with { Trade = null }, Now));

        Assert.Equal(none.Message, theirs.Message);
        Assert.Equal(none.Details, theirs.Details);
    }

    [Fact]
    public void The_buyer_cannot_disclose_to_itself() =>
        Refusal.Of(RefusalReason.NotDisclosed, () => DisclosurePolicy.Decide(Good with { Caller = Buyer }, Now));

    [Theory]
    [InlineData(TradeStatus.Requested)]
    [InlineData(TradeStatus.Rejected)]
    [InlineData(TradeStatus.Cancelled)]
    public void Only_an_accepted_trade_carries_disclosures(TradeStatus status) => Refusal.Of(
        RefusalReason.TradeNotAccepted,
        () => DisclosurePolicy.Decide(Good with { Trade = Accepted with { Status = status } }, Now));

    [Fact]
    public void Default_is_no()
    {
        NotReleased(null);
        NotReleased(Granted with { Fields = [] });
        NotReleased(Granted with { Revoked = true });
        NotReleased(Granted with { Purpose = "audit" });
        NotReleased(Granted with { ValidUntil = Now });
    }

    [Fact]
    public void A_release_ends_to_the_tick()
    {
        var ending = Good with { Release = Granted with { ValidUntil = Now.AddTicks(1) } };

        Assert.Equal([FootprintField.Total], DisclosurePolicy.Decide(ending, Now));
        Refusal.Of(RefusalReason.NotReleased, () => DisclosurePolicy.Decide(ending, Now.AddTicks(1)));
    }

    [Fact]
    public void A_suspended_supplier_is_told_and_a_suspended_buyer_is_not_given_away()
    {
        Refusal.Of(
            RefusalReason.OperatorSuspended, () => DisclosurePolicy.Decide(Good with { SupplierActive = false }, Now));
        Refusal.Of(RefusalReason.NotReleased, () => DisclosurePolicy.Decide(Good with { BuyerActive = false }, Now));
    }

    private static void NotReleased(Release? release) => Refusal.Of(
        RefusalReason.NotReleased, () => DisclosurePolicy.Decide(Good with { Release = release }, Now));
}
