using Traceability.Domain.Parts;
using Traceability.Domain.Trades;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Trades;

/// <summary>The operator says which of its parts answers a customer's request.</summary>
internal sealed record AcceptTrade(TradeId TradeId, TraceId Part, long? Etag = null) : IAct<Decided<Trade>>
{
    public async Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.ToDecide<Trade>(StreamNames.Trade(TradeId)),
            Fetch.Of<Part>(StreamNames.Part(Part)));
        var trade = session.KnownTrade(TradeId);
        var part = session.KnownPart(Part);
        part.MustBeInUse();
        part.MustBe(PartKind.Made);
        var partRef = session.Keys.PartRef(Part);
        var decided = await session.DecideAsync<Trade>(
            StreamNames.Trade(TradeId),
            _ => trade.Accept(Part, part.Unit, partRef, session.Operator, session.Now),
            Etag,
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.Notify(TradeId, new TradeAcceptNotice(partRef));
        }

        return decided;
    }
}

/// <summary>A supplier has accepted; which part it means nobody else knows.</summary>
internal sealed record LearnAcceptance(TradeId TradeId, string PartRef, OperatorId By) : IAct<Decided<Trade>>
{
    public Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken) =>
        session.DecideTradeAsync(
            TradeId, trade => trade.Accept(null, null, PartRef, By, session.Now), cancellationToken);
}
