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
        var seen = new SeenRecords<TradeId>(import);
        foreach (var (row, record) in rows)
        {
            var name = record.TradeId.Length > 0 ? record.TradeId : $"{record.Part} of {record.SupplierOperatorId}";
            if (IsNamed(import, record) && !seen.IsFirst(row, IdOf(import, record), name))
            {
                continue;
            }

            await import.DoAsync(row, async input =>
            {
                var act = Read(import, input, record);
                input.ThrowIfInvalid();
                if (act is not null)
                {
                    await import.DoAsync<Trade>(
                        row, StreamNames.Trade(act.TradeId), act,
                        trade => RecordExport.Of(trade, import.NameOf, import.Days), cancellationToken);
                }
            });
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
            import.Days.Start(input, "due_date", record.DueDate));
        return part is null || import.IsDoubtful(record.Part) ? null : act;
    }

    /// <summary>Rows about parts that nobody knows are about nothing that could be named twice.</summary>
    private static bool IsNamed(Import import, Wire.ImportedTrade record) => record.TradeId.Length > 0
        ? Guid.TryParseExact(record.TradeId, "D", out _)
        : import.TraceIdOf(record.Part) is not null;

    /// <summary>The same question to the same supplier is the same trade.</summary>
    private static TradeId IdOf(Import import, Wire.ImportedTrade record) =>
        Guid.TryParseExact(record.TradeId, "D", out var given)
            ? new(given)
            : new(NamedId.Of(
                import.Session.Operator.Value, $"trade {import.TraceIdOf(record.Part)} {record.SupplierOperatorId}"));
}
