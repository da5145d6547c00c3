using Traceability.Domain.Parts;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Trades;

/// <summary>
/// The operator asks a supplier for the footprint of a part that it buys. Asking again changes nothing.
/// </summary>
internal sealed record RequestTrade(
    TradeId TradeId, OperatorId Supplier, TraceId Part, string Message, DateTimeOffset? DueAt) : IAct<Decided<Trade>>
{
    public const string SupplierField = "supplier_operator_id";

    public IEnumerable<OperatorId> Members => [Supplier];

    public static RequestTrade Read(
        Input input, TradeId tradeId, TraceId part, string supplier, string message, DateTimeOffset? dueAt) => new(
            tradeId,
            input.Id<OperatorId>(SupplierField, supplier),
            part,
            input.Writing("message", message, 0, Trade.MaxMessage),
            dueAt);

    public async Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.ToDecide<Trade>(StreamNames.Trade(TradeId)));
        var part = session.KnownPart(Part);
        part.MustBeInUse();
        part.MustBe(PartKind.Bought);
        if (session.Known<Trade>(StreamNames.Trade(TradeId)) is null)
        {
            session.MustBeMember(SupplierField, Supplier);
        }

        var requested = new TradeRequested(
            TradeId, session.Operator, Supplier, Part, Message, DueAt, session.Now, part.DeclaredUnit);
        var decided = await session.DecideAsync<Trade>(
            StreamNames.Trade(TradeId), trade => Trade.Request(trade, requested), cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.Notify(TradeId, new TradeRequestNotice(Supplier, Message, DueAt, part.DeclaredUnit));
        }

        return decided;
    }
}

/// <summary>A customer asks the operator.</summary>
internal sealed record LearnRequest(
    TradeId TradeId, OperatorId Buyer, string Message, DateTimeOffset? DueAt, string? Unit) : IAct<Decided<Trade>>
{
    public Task<Decided<Trade>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var requested = new TradeRequested(
            TradeId, Buyer, session.Operator, null, Message, DueAt, session.Now, Unit);
        return session.DecideAsync<Trade>(
            StreamNames.Trade(TradeId), trade => Trade.Request(trade, requested), cancellationToken);
    }
}
