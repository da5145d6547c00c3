using Traceability.Domain.Parts;
using Traceability.Domain.Trades;
using Traceability.Node.Operators;

namespace Traceability.Node.Parts;

/// <summary>The operator makes or buys a part no longer. Nothing in force may rest on it.</summary>
internal sealed record RetirePart(TraceId TraceId) : IAct<Decided<Part>>
{
    public async Task<Decided<Part>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var around = await PartLinks.AboveAsync(
            await session.ConnectionAsync(cancellationToken), [TraceId], cancellationToken);
        await session.FetchAsync(
            cancellationToken,
            Fetch.ToDecide<Part>(StreamNames.Part(TraceId)),
            Fetch.Of<Part>(around.Parts.Select(StreamNames.Part)),
            Fetch.Of<BillOfMaterials>(around.Parts.Select(StreamNames.BillOfMaterials)),
            Fetch.Of<Trade>(around.Trades.Select(StreamNames.Trade)));
        var part = session.KnownPart(TraceId);
        // The bill of a retired part cannot be changed any more, and nothing comes of it.
        var bills = around.Parts.Where(id => !session.KnownPart(id).Retired)
            .Select(id => session.Known<BillOfMaterials>(StreamNames.BillOfMaterials(id)));
        var trades = around.Trades.Select(id => session.Known<Trade>(StreamNames.Trade(id))!);
        string[] uses =
        [
            .. bills.OfType<BillOfMaterials>().Where(bill => bill.ContainsFrom(TraceId, session.Now))
                .Select(bill => $"part {bill.ParentTraceId}"),
            .. trades.Where(trade => trade.IsOpen && trade.IsAbout(TraceId)).Select(trade => $"trade {trade.TradeId}"),
        ];
        return await session.DecideAsync<Part>(
            StreamNames.Part(TraceId), _ => part.Retire(uses, session.Now), cancellationToken);
    }
}
