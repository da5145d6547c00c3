using Traceability.Domain;
using Traceability.Domain.Trades;
using Xunit;

namespace Traceability.UnitTests.Domain;

public class TradeTests
{
    private static readonly OperatorId Buyer = Any.Operator();
    private static readonly OperatorId Supplier = Any.Operator();
    private static readonly OperatorId Stranger = Any.Operator();
    private static readonly TraceId Bolt = Any.Part();
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);
    private static readonly TradeRequested Request =
        new(Any.Trade(), Buyer, Supplier, Any.Part(), "bolt M8", null, Now);

    [Fact]
    public void A_request_is_made_once_however_often_it_is_said()
    {
        Assert.Equal([Request], Trade.Request(null, Request));
        Assert.Empty(Trade.Request(Requested(), Request with { RequestedAt = Now.AddHours(1) }));
    }

    [Fact]
    public void Nobody_asks_itself()
    {
        var refused = Assert.Throws<InvalidRequestException>(() => Trade.Request(null, Request with { SupplierId = Buyer }));
        Assert.Equal("supplier_operator_id", Assert.Single(refused.Violations).Field);
    }

    [Fact]
    public void A_trade_id_is_not_used_twice() =>
        Refusal.Of(RefusalReason.AlreadyExists, () => Trade.Request(Requested(), Request with { Message = "nut" }));

    [Fact]
    public void Another_buyer_does_not_learn_that_a_trade_id_is_taken() =>
        Refusal.Of(RefusalReason.NotDisclosed, () => Trade.Request(Requested(), Request with { BuyerId = Stranger }));

    [Fact]
    public void Where_the_buyers_part_is_not_known_there_is_nothing_to_receive_a_figure_for() => Refusal.Of(
        RefusalReason.NotDisclosed,
        () => Trade.Evolve(null, Request with { DownstreamTraceId = null })!.BuyersPart());

    [Fact]
    public void The_supplier_names_the_part_it_delivered() => Assert.Equal(
        [new TradeAccepted(Request.TradeId, Bolt, "ref", Now)], Requested().Accept(Bolt, null, "ref", by: Supplier, Now));

    [Fact]
    public void The_same_answer_twice_is_no_news()
    {
        Assert.Empty(Accepted().Accept(Bolt, null, "ref", by: Supplier, Now));
        Assert.Empty(Rejected().Reject("again", by: Supplier, Now));
        Assert.Empty(Cancelled().Cancel(by: Buyer, Now));
    }

    [Fact]
    public void A_trade_is_answered_once()
    {
        Refusal.Of(RefusalReason.TradeAlreadyAnswered, () => Accepted().Accept(Bolt, null, "other", by: Supplier, Now));
        Refusal.Of(RefusalReason.TradeAlreadyAnswered, () => Accepted().Reject("no", by: Supplier, Now));
        Refusal.Of(RefusalReason.TradeAlreadyAnswered, () => Accepted().Cancel(by: Buyer, Now));
        Refusal.Of(RefusalReason.TradeAlreadyAnswered, () => Rejected().Accept(Bolt, null, "ref", by: Supplier, Now));
        Refusal.Of(RefusalReason.TradeAlreadyAnswered, () => Cancelled().Accept(Bolt, null, "ref", by: Supplier, Now));
    }

    [Fact]
    public void A_stranger_does_not_learn_where_a_trade_stands()
    {
        foreach (var trade in new[] { Requested(), Accepted(), Rejected(), Cancelled() })
        {
            Refusal.Of(RefusalReason.NotDisclosed, () => trade.Accept(Bolt, null, "ref", by: Stranger, Now));
            Refusal.Of(RefusalReason.NotDisclosed, () => trade.Reject("no", by: Stranger, Now));
            Refusal.Of(RefusalReason.NotDisclosed, () => trade.Cancel(by: Stranger, Now));
        }
    }

    [Fact]
    public void The_buyer_cannot_answer_and_the_supplier_cannot_cancel()
    {
        Refusal.Of(RefusalReason.NotDisclosed, () => Requested().Accept(Bolt, null, "ref", by: Buyer, Now));
        Refusal.Of(RefusalReason.NotDisclosed, () => Requested().Cancel(by: Supplier, Now));
    }

    private static Trade Requested() => Trade.Evolve(null, Request)!;

    private static Trade Accepted() =>
        Trade.Evolve(Requested(), new TradeAccepted(Request.TradeId, Bolt, "ref", Now))!;

    private static Trade Rejected() => Trade.Evolve(Requested(), new TradeRejected(Request.TradeId, "no", Now))!;

    private static Trade Cancelled() => Trade.Evolve(Requested(), new TradeCancelled(Request.TradeId, Now))!;
}
