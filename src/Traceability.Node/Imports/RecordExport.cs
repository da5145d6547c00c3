using System.Globalization;
using Marten;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Node.Footprints;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Everything that can be imported, as rows: what comes out goes in again without a change.</summary>
internal static class RecordExport
{
    public static async Task<IReadOnlyList<Wire.ImportRow>> ReadAsync(
        IQuerySession session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var batch = session.CreateBatchQuery();
        var (readParts, readBills, readFootprints, readTrades, readReleases) = (
            batch.Query<Part>().OrderBy(one => one.Id).ToList(),
            batch.Query<BillOfMaterials>().OrderBy(one => one.Id).ToList(),
            batch.Query<Footprint>().OrderBy(one => one.Id).ToList(),
            batch.Query<Trade>().OrderBy(one => one.Id).ToList(),
            batch.Query<Release>().Where(release => !release.Revoked).ToList());
        await batch.Execute(cancellationToken);
        var (parts, bills, footprints, trades) = (
            await readParts, await readBills, await readFootprints, await readTrades);
        var releases = (await readReleases).ToDictionary(release => release.TradeId);
        var names = parts.ToDictionary(
            part => part.TraceId, part => part.PartNumber.Length > 0 ? part.PartNumber : part.TraceId.ToString());
        return
        [
            .. Sheet("parts", parts.Select(part => new Wire.ImportRow { Part = Of(part, names) })),
            .. Sheet("lines", bills.SelectMany(bill => Of(bill, now, names)).Select(line => new Wire.ImportRow
            {
                Line = line,
            })),
            .. Sheet("contributions", footprints.Where(one => one.Contribution is not null)
                .Select(footprint => new Wire.ImportRow { Contribution = Of(footprint, names) })),
            .. Sheet("trades", trades.Where(trade => trade.DownstreamTraceId is not null)
                .Select(trade => new Wire.ImportRow { Trade = Of(trade, names) })),
            .. Sheet("answers", trades
                .Where(trade => trade is { UpstreamTraceId: not null, Status: TradeStatus.Accepted })
                .Select(trade => new Wire.ImportRow { Answer = Of(trade, releases, names) })),
        ];
    }

    private static IEnumerable<Wire.ImportRow> Sheet(string name, IEnumerable<Wire.ImportRow> rows) =>
        rows.Select((row, index) =>
        {
            (row.Sheet, row.Row) = (name, index + 1);
            return row;
        });

    private static Wire.ImportedPart Of(Part part, Dictionary<TraceId, string> names) => new()
    {
        PartNumber = part.PartNumber,
        TraceId = part.TraceId.ToString(),
        Name = part.Name,
        Kind = part.Kind == PartKind.Made ? "made" : "bought",
        Unit = part.DeclaredUnit,
    };

    private static IEnumerable<Wire.ImportedLine> Of(
        BillOfMaterials bill, DateTimeOffset now, Dictionary<TraceId, string> names) =>
        from line in bill.At(now)?.Lines ?? []
        from supplier in (line.Suppliers ?? []).DefaultIfEmpty()
        select new Wire.ImportedLine
        {
            Parent = names[bill.ParentTraceId],
            Child = names[line.ChildTraceId],
            Amount = Amount.Format(line.Amount),
            Unit = line.Unit,
            TradeId = $"{supplier?.TradeId}",
            Share = supplier is null ? "" : Amount.Format(supplier.Share),
        };

    private static Wire.ImportedContribution Of(Footprint footprint, Dictionary<TraceId, string> names) => new()
    {
        Part = names[footprint.TraceId],
        Figures = FigureMapping.ToWire(footprint.Contribution!, footprint.PrimaryShare),
        StartDate = Day(footprint.Period!.Start),
        EndDate = Day(footprint.Period.End.AddTicks(-1)),
        Source = footprint.Source ?? "",
        ValidUntilDate = footprint.ValidUntil is { } until ? Day(until.AddTicks(-1)) : "",
    };

    private static Wire.ImportedTrade Of(Trade trade, Dictionary<TraceId, string> names) => new()
    {
        TradeId = trade.TradeId.ToString(),
        Part = names[trade.DownstreamTraceId!.Value],
        SupplierOperatorId = trade.SupplierId.ToString(),
        Message = trade.Message,
        DueDate = trade.DueAt is { } due ? Day(due) : "",
    };

    private static Wire.ImportedAnswer Of(
        Trade trade, Dictionary<TradeId, Release> releases, Dictionary<TraceId, string> names)
    {
        var release = releases.GetValueOrDefault(trade.TradeId);
        return new()
        {
            TradeId = trade.TradeId.ToString(),
            Part = names[trade.UpstreamTraceId!.Value],
            Fields = string.Join(", ", (release?.Fields ?? []).Select(field => field.ToString().ToLowerInvariant())),
            Purpose = release?.Purpose ?? "",
            ValidUntilDate = release?.ValidUntil is { } until ? Day(until.AddTicks(-1)) : "",
        };
    }

    private static string Day(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
