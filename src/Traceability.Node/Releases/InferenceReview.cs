using Marten;
using Npgsql;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;
using Traceability.Node.Footprints;

namespace Traceability.Node.Releases;

/// <summary>Looks at what a customer could work out, before something is released or sent.</summary>
internal static class InferenceReview
{
    public static async Task<IReadOnlyList<InferenceFinding>> FindingsAsync(
        IQuerySession session, NpgsqlConnection connection, Trade trade, IReadOnlyList<FootprintField> fields,
        DateTimeOffset now, CancellationToken cancellationToken)
    {
        var part = trade.SuppliersPart();
        var records = await CompanyReader.ReadAsync(session, connection, [part], now, cancellationToken);
        var footprint = records.Footprints.GetValueOrDefault(part) ?? Footprint.Unknown(part);
        var result = CompanyRollUp.Of(records).Result(part);
        var batch = session.CreateBatchQuery();
        var reading = batch.LoadMany<Trade>()
            .ById([.. result.Lines.Select(line => line.TradeId).OfType<TradeId>().Select(StreamNames.Trade)]);
        var shown = batch.Query<Disclosure>().Where(one => one.TradeId == trade.TradeId).Any();
        await batch.Execute(cancellationToken);
        var suppliers = (await reading).ToDictionary(one => one.TradeId, one => one.SupplierId);
        return InferenceCheck.Of(new(
            fields,
            trade.BuyerId,
            result,
            id => suppliers.TryGetValue(id, out var supplier) ? supplier : null,
            await shown ? Comparison.Of(footprint.Before, footprint.Standing) : []));
    }
}
