using Traceability.Domain.Footprints;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Releases;
using Traceability.Node.Trades;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Rows that answer customers: which part it is, and what they may see.</summary>
internal static class AnswerRows
{
    private static readonly string[] FieldNames =
        [.. Enum.GetNames<FootprintField>().Select(name => name.ToLowerInvariant())];

    public static async Task ImportAsync(
        Import import, IReadOnlyList<(Wire.ImportRow Row, Wire.ImportedAnswer Record)> rows,
        CancellationToken cancellationToken)
    {
        await FetchAsync(import, [.. rows.Select(row => row.Record)], cancellationToken);
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var (row, record) in rows)
        {
            GrantRelease? release = null;
            var accepted = await import.DoAsync<Trade>(
                row,
                input =>
                {
                    var part = import.Find(input, "part", record.Part);
                    var accept = new AcceptTrade(
                        input.Id<TradeId>("trade_id", record.TradeId), part?.TraceId ?? default);
                    release = Release(import, input, accept.TradeId, record);
                    return part is null || import.IsDoubtful(record.Part) ? null : accept;
                },
                cancellationToken);
            if (accepted && release is not null && !import.IsDoubtful(record.Part))
            {
                await import.DoAsync(row, _ => release, cancellationToken);
            }

            import.IsFirst(seen, row, record.TradeId);
        }
    }

    /// <summary>Null: accepted, and nothing is shown.</summary>
    private static GrantRelease? Release(Import import, Input input, TradeId tradeId, Wire.ImportedAnswer record)
    {
        FootprintField[] fields =
        [
            .. record.Fields.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(name => input.OneOf("fields", name, FieldNames))
                .Select(name => Enum.TryParse<FootprintField>(name, ignoreCase: true, out var field) ? field : default),
        ];
        var until = Import.Day(input, "valid_until_date", record.ValidUntilDate)?.AddDays(1);
        return fields.Length == 0
            ? null
            : GrantRelease.Read(
                input, new("fields", "purpose", "valid_until_date"), tradeId, fields, record.Purpose, until, [],
                import.Session.Now);
    }

    private static async Task FetchAsync(
        Import import, IReadOnlyList<Wire.ImportedAnswer> records, CancellationToken cancellationToken)
    {
        TradeId[] trades =
        [
            .. records.Select(record => Guid.TryParseExact(record.TradeId, "D", out var id) ? id : Guid.Empty)
                .Where(id => id != Guid.Empty).Select(TradeId.Of),
        ];
        TraceId[] parts = [.. records.Select(record => import.TraceIdOf(record.Part)).OfType<TraceId>().Distinct()];
        await import.Session.FetchAsync(
            cancellationToken,
            Fetch.ToDecide<Trade>(trades.Select(StreamNames.Trade)),
            Fetch.ToDecide<Release>(trades.Select(StreamNames.Release)),
            Fetch.Of<Footprint>(parts.Select(StreamNames.Footprint)),
            Fetch.ToDecide<Statement>(parts.Select(part => StreamNames.Statement(import.Session.Keys.PartRef(part)))));
    }
}
