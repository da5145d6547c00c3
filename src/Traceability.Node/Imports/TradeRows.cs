using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Trades;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Rows that ask suppliers.</summary>
internal static class TradeRows
{
    public static async Task ImportAsync(
        Import import, IReadOnlyList<(Wire.ImportRow Row, Wire.ImportedTrade Record)> rows,
        CancellationToken cancellationToken)
    {
        await import.Session.FetchAsync(
            cancellationToken, Fetch.ToDecide<Trade>(rows.Select(row => StreamNames.Trade(IdOf(import, row.Record)))));
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var (row, record) in rows)
        {
            await import.DoAsync<Trade>(row, input => Read(import, input, record), cancellationToken);
            import.IsFirst(
                seen, row,
                record.TradeId.Length > 0 ? record.TradeId : $"{record.Part} of {record.SupplierOperatorId}");
        }
    }

    private static RequestTrade? Read(Import import, Input input, Wire.ImportedTrade record)
    {
        var part = import.Find(input, "part", record.Part);
        if (record.TradeId.Length > 0)
        {
            input.Id<TradeId>("trade_id", record.TradeId);
        }

        var act = RequestTrade.Read(
            input, IdOf(import, record), part?.TraceId ?? default, record.SupplierOperatorId, record.Message,
            Import.Day(input, "due_date", record.DueDate));
        return part is null || import.IsDoubtful(record.Part) ? null : act;
    }

    /// <summary>The same question to the same supplier is the same trade.</summary>
    private static TradeId IdOf(Import import, Wire.ImportedTrade record) =>
        Guid.TryParseExact(record.TradeId, "D", out var given)
            ? new(given)
            : new(NamedId.Of(
                import.Session.Operator.Value, $"trade {import.TraceIdOf(record.Part)} {record.SupplierOperatorId}"));
}
