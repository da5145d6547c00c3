using Traceability.Domain.Footprints;
using Traceability.Hosting;
using Traceability.Node.Footprints;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Rows that declare what the operator emits itself, or what a data set says.</summary>
internal static class ContributionRows
{
    public static async Task ImportAsync(
        Import import, IReadOnlyList<(Wire.ImportRow Row, Wire.ImportedContribution Record)> rows,
        CancellationToken cancellationToken)
    {
        await import.Session.FetchAsync(
            cancellationToken,
            Fetch.ToDecide<Footprint>(
                rows.Select(row => import.TraceIdOf(row.Record.Part)).OfType<TraceId>().Select(StreamNames.Footprint)));
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var (row, record) in rows)
        {
            await import.DoAsync<Footprint>(row, input => Read(import, input, record), cancellationToken);
            import.IsFirst(seen, row, record.Part);
        }
    }

    private static DeclareContribution? Read(Import import, Input input, Wire.ImportedContribution record)
    {
        var part = import.Find(input, "part", record.Part);
        var figures = FigureMapping.Read(input, "figures", record.Figures);
        var start = Day(input, "start_date", record.StartDate, "first day of the reference period, such as 2026-01-01");
        var end = Day(input, "end_date", record.EndDate, "last day of the reference period, such as 2026-12-31");
        if (start is not null && end < start)
        {
            input.Violate("end_date", record.EndDate, "must not be before start_date.");
        }

        var until = Import.Day(input, "valid_until_date", record.ValidUntilDate)?.AddDays(1);
        return part is null || start is null || end is null || import.IsDoubtful(record.Part)
            ? null
            : DeclareContribution.Read(
                input, "", part.TraceId, figures, new(start.Value, end.Value.AddDays(1)), record.Source, until);
    }

    private static DateTimeOffset? Day(Input input, string field, string value, string what)
    {
        if (value.Length == 0)
        {
            input.Violate(field, "", $"must be the {what}.");
        }

        return Import.Day(input, field, value);
    }
}
