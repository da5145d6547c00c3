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
        var seen = new SeenRecords<Guid>(import);
        foreach (var (row, record) in rows)
        {
            if (!Guid.TryParseExact(record.TradeId, "D", out var id) || seen.IsFirst(row, id, record.TradeId))
            {
                await import.DoAsync(row, async input =>
                {
                    var part = import.Find(input, "part", record.Part);
                    var accept = new AcceptTrade(
                        input.Id<TradeId>("trade_id", record.TradeId), part?.TraceId ?? default);
                    var release = Release(import, input, accept.TradeId, record);
                    input.ThrowIfInvalid();
                    if (part is not null && !import.IsDoubtful(record.Part))
                    {
                        await AnswerAsync(import, row, accept, release, cancellationToken);
                    }
                });
            }
        }
    }

    /// <summary>Accepted and shown in one row is one record.</summary>
    private static async Task AnswerAsync(
        Import import, Wire.ImportRow row, AcceptTrade accept, GrantRelease? release,
        CancellationToken cancellationToken)
    {
        var session = import.Session;
        var before = await ReadAsync();
        var events = (await accept.HandleAsync(session, cancellationToken)).Events.Count;
        if (release is not null)
        {
            events += (await release.HandleAsync(session, cancellationToken)).Events.Count;
        }

        import.Count(events == 0 ? null
            : before is null ? RecordChange.New(row)
            : RecordChange.Of(row, before, (await ReadAsync())!));

        async Task<Wire.ImportedAnswer?> ReadAsync()
        {
            var trade = await session.ReadAsync<Trade>(StreamNames.Trade(accept.TradeId), cancellationToken);
            var shown = await session.ReadAsync<Release>(StreamNames.Release(accept.TradeId), cancellationToken);
            return trade is { UpstreamTraceId: not null, Status: TradeStatus.Accepted }
                ? RecordExport.Of(trade, shown, session.Now, import.NameOf, import.Days)
                : null;
        }
    }

    /// <summary>Null: accepted, and nothing is shown.</summary>
    private static GrantRelease? Release(Import import, Input input, TradeId tradeId, Wire.ImportedAnswer record)
    {
        FootprintField[] fields =
        [
            .. Names(record.Fields).Select(name => input.OneOf("fields", name, FieldNames))
                .Select(name => Enum.TryParse<FootprintField>(name, ignoreCase: true, out var field) ? field : default),
        ];
        var until = import.Days.End(input, "valid_until_date", record.ValidUntilDate);
        if (fields.Length == 0)
        {
            Unused(input, "purpose", record.Purpose);
            Unused(input, "valid_until_date", record.ValidUntilDate);
            Unused(input, "accepted_findings", record.AcceptedFindings);
        }

        return fields.Length == 0
            ? null
            : GrantRelease.Read(
                input, new("fields", "purpose", "valid_until_date", record.ValidUntilDate), tradeId, fields,
                record.Purpose, until, Names(record.AcceptedFindings), import.Session.Now);
    }

    /// <summary>What is said of something that is not shown was meant for something.</summary>
    private static void Unused(Input input, string field, string value)
    {
        if (value.Length > 0)
        {
            input.Violate(field, value, "must be empty where no fields are shown; name fields, such as total.");
        }
    }

    private static string[] Names(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

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
