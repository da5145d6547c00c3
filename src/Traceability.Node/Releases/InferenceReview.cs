using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Storage;

namespace Traceability.Node.Releases;

/// <summary>Looks at what a customer could work out, before something is released or sent.</summary>
internal static class InferenceReview
{
    public static async Task CheckAsync(
        HostedOperator op, Trade trade, IReadOnlyList<FootprintField> fields, IReadOnlyList<string> accepted,
        InferenceMode mode, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (mode != InferenceMode.Warn)
        {
            InferenceRule.Check(mode, await FindingsAsync(op, trade, fields, now, cancellationToken), accepted);
        }
    }

    public static async Task<IReadOnlyList<InferenceFinding>> FindingsAsync(
        HostedOperator op, Trade trade, IReadOnlyList<FootprintField> fields, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var part = trade.UpstreamTraceId!.Value;
        var records = await op.ReadAsync([part], now, cancellationToken);
        var footprint = records.Footprints.GetValueOrDefault(part) ?? Footprint.Unknown(part);
        var result = CompanyRollUp.Of(records).Result(part);
        var inputs = result.Lines.Select(line => line.TradeId).OfType<Guid>().ToArray();
        var suppliers = (await op.ManyAsync<Trade>(inputs, Keys.Trade, cancellationToken))
            .ToDictionary(one => one.TradeId, one => one.SupplierId);
        var shown = await op.QueryAsync<Disclosure>(
            "where d.data ->> 'tradeId' = ? limit 1", cancellationToken, trade.TradeId.ToString());
        return InferenceCheck.Of(new(
            fields,
            trade.BuyerId,
            result,
            id => suppliers.TryGetValue(id, out var supplier) ? supplier : null,
            shown.Count == 0 ? [] : Comparison.Of(footprint.Before, footprint.Standing)));
    }
}
