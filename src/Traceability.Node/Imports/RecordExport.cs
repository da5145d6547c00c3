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
        IQuerySession session, Days days, DateTimeOffset now, CancellationToken cancellationToken)
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
        var known = parts.ToDictionary(part => part.TraceId);
        // What is retired cannot be imported: nothing can be said of it any more.
        var retired = parts.Where(part => part.Retired).Select(part => part.TraceId).ToHashSet();
        return
        [
            .. Sheet("parts", parts.Where(part => !part.Retired)
                .Select(part => new Wire.ImportRow { Part = Of(part) })),
            .. Sheet("lines", bills.Where(bill => !retired.Contains(bill.ParentTraceId))
                .SelectMany(bill => Of(bill, now, Name)).Select(line => new Wire.ImportRow { Line = line })),
            .. Sheet("contributions", footprints.Where(one => !retired.Contains(one.TraceId))
                .Select(footprint => Of(footprint, Name, days)).OfType<Wire.ImportedContribution>()
                .Select(contribution => new Wire.ImportRow { Contribution = contribution })),
            .. Sheet("trades", trades.Where(trade => trade.DownstreamTraceId is { } part && !retired.Contains(part))
                .Select(trade => new Wire.ImportRow { Trade = Of(trade, Name, days) })),
            .. Sheet("answers", trades
                .Where(trade => trade is { UpstreamTraceId: { } part, Status: TradeStatus.Accepted }
                    && !retired.Contains(part))
                .Select(trade => new Wire.ImportRow
                {
                    Answer = Of(trade, releases.GetValueOrDefault(trade.TradeId), now, Name, days),
                })),
        ];

        string Name(TraceId traceId) => NameOf(known.GetValueOrDefault(traceId), traceId);
    }

    /// <summary>
    /// As rows name a part: by its number, or by its trace id if it has none. A number that has the form of a trace id
    /// may be that of another part.
    /// </summary>
    public static string NameOf(Part? part, TraceId traceId) =>
        part is { PartNumber.Length: > 0 } && !Guid.TryParseExact(part.PartNumber, "D", out _)
            ? part.PartNumber
            : traceId.ToString();

    public static Wire.ImportedPart Of(Part part) => new()
    {
        PartNumber = part.PartNumber,
        TraceId = part.TraceId.ToString(),
        Name = part.Name,
        Kind = part.Kind == PartKind.Made ? "made" : "bought",
        Unit = part.DeclaredUnit,
    };

    /// <summary>What goes in at a time.</summary>
    public static IEnumerable<Wire.ImportedLine> Of(
        BillOfMaterials bill, DateTimeOffset now, Func<TraceId, string> name) =>
        from line in bill.At(now)?.Lines ?? []
        from supplier in (line.Suppliers ?? []).DefaultIfEmpty()
        select new Wire.ImportedLine
        {
            Parent = name(bill.ParentTraceId),
            Child = name(line.ChildTraceId),
            Amount = Amount.Format(line.Amount),
            Unit = line.Unit,
            TradeId = $"{supplier?.TradeId}",
            Share = supplier is null ? "" : Amount.Format(supplier.Share),
        };

    /// <summary>Null: nothing was declared.</summary>
    public static Wire.ImportedContribution? Of(
        Footprint footprint, Func<TraceId, string> name, Days days) =>
        footprint.Contribution is null
            ? null
            : new()
            {
                Part = name(footprint.TraceId),
                Figures = FigureMapping.ToWire(footprint.Contribution, footprint.PrimaryShare),
                StartDate = days.OfStart(footprint.Period!.Start),
                EndDate = days.OfEnd(footprint.Period.End),
                Source = footprint.Source ?? "",
                ValidUntilDate = days.OfEnd(footprint.ValidUntil),
            };

    public static Wire.ImportedTrade Of(Trade trade, Func<TraceId, string> name, Days days) => new()
    {
        TradeId = trade.TradeId.ToString(),
        Part = name(trade.DownstreamTraceId!.Value),
        SupplierOperatorId = trade.SupplierId.ToString(),
        Message = trade.Message,
        DueDate = days.OfStart(trade.DueAt),
    };

    /// <summary>A release that is over shows nothing, and cannot be granted as it was.</summary>
    public static Wire.ImportedAnswer Of(
        Trade trade, Release? release, DateTimeOffset now, Func<TraceId, string> name, Days days)
    {
        var shown = release?.InForce(now) == true ? release : null;
        return new()
        {
            TradeId = trade.TradeId.ToString(),
            Part = name(trade.UpstreamTraceId!.Value),
            Fields = string.Join(", ", (shown?.Fields ?? []).Select(field => field.ToString().ToLowerInvariant())),
            Purpose = shown?.Purpose ?? "",
            ValidUntilDate = days.OfEnd(shown?.ValidUntil),
            AcceptedFindings = string.Join(", ", shown?.AcceptedFindings ?? []),
        };
    }

    private static IEnumerable<Wire.ImportRow> Sheet(string name, IEnumerable<Wire.ImportRow> rows) =>
        rows.Select((row, index) =>
        {
            (row.Sheet, row.Row) = (name, index + 1);
            return row;
        });
}
