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
        var seen = new SeenRecords<TraceId>(import);
        foreach (var (row, record) in rows)
        {
            if (import.TraceIdOf(record.Part) is { } id && !seen.IsFirst(row, id, record.Part))
            {
                continue;
            }

            await import.DoAsync(row, async input =>
            {
                var act = Read(import, input, record);
                input.ThrowIfInvalid();
                if (act is not null)
                {
                    await import.DoAsync<Footprint>(
                        row, StreamNames.Footprint(act.Part), act,
                        footprint => RecordExport.Of(footprint, import.NameOf, import.Days), cancellationToken);
                }
            });
        }
    }

    private static DeclareContribution? Read(Import import, Input input, Wire.ImportedContribution record)
    {
        var part = import.Find(input, "part", record.Part);
        var figures = FigureMapping.Read(input, "figures", record.Figures);
        Needed(input, "start_date", record.StartDate, "first day of the reference period, such as 2026-01-01");
        Needed(input, "end_date", record.EndDate, "last day of the reference period, such as 2026-12-31");
        var start = import.Days.Start(input, "start_date", record.StartDate);
        var end = import.Days.End(input, "end_date", record.EndDate);
        if (end <= start)
        {
            input.Violate("end_date", record.EndDate, $"must not be before start_date, {record.StartDate}.");
        }

        var until = import.Days.End(input, "valid_until_date", record.ValidUntilDate);
        var act = DeclareContribution.Read(
            input, "", part?.TraceId ?? default, figures, new(start ?? default, end ?? default), record.Source, until);
        return part is null || start is null || end is null || import.IsDoubtful(record.Part) ? null : act;
    }

    private static void Needed(Input input, string field, string value, string what)
    {
        if (value.Length == 0)
        {
            input.Violate(field, "", $"must be the {what}.");
        }
    }
}
