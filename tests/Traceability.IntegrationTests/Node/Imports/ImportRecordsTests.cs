using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Imports;

public class ImportRecordsTests(Federation federation) : IClassFixture<Federation>
{
    private const int Lines = 10_000;

    [Fact]
    public async Task A_long_import_with_a_hundred_errors_names_all_of_them_and_stores_nothing()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var rows = LongImport();
        for (var error = 0; error < 100; error++)
        {
            var row = rows[(error * 97) + 1];
            switch (error % 4)
            {
                case 0: row.Line.Amount = "a few"; break;
                case 1: row.Line.Child = "nothing of ours"; break;
                case 2: row.Line.Unit = "kilowatt hour"; break;
                default: row.Line.Amount = "-1"; break;
            }
        }

        var result = await a.ImportAsync(rows, federation.Deadline);

        Assert.False(result.Stored);
        Assert.Equal((100, 100), (result.ErrorCount, result.Errors.Count));
        Assert.All(result.Errors.Index(), error =>
        {
            Assert.Equal(("lines", (error.Index * 97) + 2), (error.Item.Sheet, error.Item.Row));
            Assert.Contains("\"", error.Item.Description + "\"", StringComparison.Ordinal);
        });
        Assert.Contains("\"a few\" is not valid: must be a plain decimal", result.Errors[0].Description, StringComparison.Ordinal);
        Assert.Contains("must be the part number or trace id", result.Errors[1].Description, StringComparison.Ordinal);
        Assert.Contains("accepted: piece", result.Errors[2].Description, StringComparison.Ordinal);
        Assert.Contains("must be greater than zero", result.Errors[3].Description, StringComparison.Ordinal);
        var parts = await a.Parts.ListPartsAsync(new ListPartsRequest(), a.Call);
        Assert.DoesNotContain(parts.Parts, part => part.PartNumber.StartsWith("L-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_column_makes_an_error_of_every_row_and_all_of_them_arrive()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var rows = LongImport();
        foreach (var row in rows.Where(row => row.Line is not null))
        {
            row.Line.Unit = "the name of a column that was meant to stand elsewhere, and stands in every row";
        }

        var result = await a.ImportAsync(rows, federation.Deadline);

        Assert.False(result.Stored);
        Assert.Equal((Lines, Lines), (result.ErrorCount, result.Errors.Count));
        Assert.Equal(Enumerable.Range(1, Lines), result.Errors.Select(error => error.Row));
    }

    [Fact]
    public async Task The_same_import_again_changes_nothing_and_what_comes_out_goes_in_again()
    {
        using var b = await federation.AtWorkAsync(Story.B);
        IReadOnlyList<ImportRow> rows =
        [
            Row("parts", 2, new ImportedPart { PartNumber = "B-1", Name = "module", Kind = "made", Unit = "piece" }),
            Row("parts", 3, new ImportedPart { PartNumber = "B-2", Name = "cell", Kind = "bought", Unit = "kilogram" }),
            new() { Sheet = "lines", Row = 2, Line = new() { Parent = "B-1", Child = "B-2", Amount = "250", Unit = "gram" } },
            new() { Sheet = "contributions", Row = 2, Contribution = Contribution("B-1", "5.25", "") },
            new() { Sheet = "contributions", Row = 3, Contribution = Contribution("B-2", "3", "database, edition 7") },
        ];
        Assert.Equal((false, 5), await OutcomeAsync(rows, dryRun: true));
        Assert.Equal((true, 5), await OutcomeAsync(rows));
        Assert.Equal((true, 0), await OutcomeAsync(rows));

        var module = (await b.Parts.ListPartsAsync(new ListPartsRequest(), b.Call)).Parts.Single(part => part.PartNumber == "B-1");
        var footprint = await b.FootprintAsync(module.TraceId);
        Assert.Equal(("6", true), (footprint.Figures.Total, footprint.Complete));

        List<ImportRow> exported = [];
        using var export = b.Imports.ExportRecords(new(), b.Call);
        while (await export.ResponseStream.MoveNext(federation.Deadline))
        {
            exported.AddRange(export.ResponseStream.Current.Rows);
        }

        Assert.Equal((true, 0), await OutcomeAsync(exported));

        async Task<(bool Stored, int Changed)> OutcomeAsync(IReadOnlyList<ImportRow> sent, bool dryRun = false)
        {
            var result = await b.ImportAsync(sent, federation.Deadline, dryRun);
            Assert.Empty(result.Errors);
            return (result.Stored, result.Changed);
        }
    }

    [Fact]
    public async Task Rows_that_disagree_with_each_other_are_all_named()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        ImportRow[] rows =
        [
            Row("parts", 2, new ImportedPart { PartNumber = "C-1", Name = "pack", Kind = "made", Unit = "piece" }),
            Row("parts", 3, new ImportedPart { PartNumber = "C-2", Name = "frame", Kind = "made", Unit = "piece" }),
            Row("parts", 4, new ImportedPart { PartNumber = "C-2", Name = "frame", Kind = "made", Unit = "piece" }),
            Row("parts", 5, new ImportedPart { PartNumber = "", Name = "", Kind = "found", Unit = "stone" }),
            new() { Sheet = "lines", Row = 2, Line = new() { Parent = "C-1", Child = "C-2", Amount = "1", Unit = "piece" } },
            new() { Sheet = "lines", Row = 3, Line = new() { Parent = "C-2", Child = "C-1", Amount = "1", Unit = "piece" } },
            new() { Sheet = "contributions", Row = 2, Contribution = new() { Part = "C-1" } },
            new() { Sheet = "trades", Row = 2, Trade = new() { Part = "C-1", SupplierOperatorId = "0" } },
            new() { Sheet = "answers", Row = 2, Answer = new() { TradeId = Guid.CreateVersion7().ToString(), Part = "C-1" } },
        ];

        var result = await c.ImportAsync(rows, federation.Deadline);

        string[] where = [.. result.Errors.Select(error => $"{error.Sheet} {error.Row} {error.Field}".Trim())];
        Assert.Equal(
            [
                "parts 4", "parts 5 kind", "parts 5 part_number", "parts 5 name", "parts 5 unit",
                "lines 3",
                "contributions 2 figures.stages", "contributions 2 start_date", "contributions 2 end_date",
                "trades 2 supplier_operator_id",
                "answers 2",
            ],
            where);
        Assert.Equal(result.ErrorCount, result.Errors.Count);
    }

    private static ImportedContribution Contribution(string part, string amount, string source) => new()
    {
        Part = part,
        StartDate = "2026-01-01",
        EndDate = "2026-12-31",
        Source = source,
        Figures = new() { Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = amount } } },
    };

    private static ImportRow Row(string sheet, int row, ImportedPart part) => new() { Sheet = sheet, Row = row, Part = part };

    private static ImportRow[] LongImport() =>
    [
        .. Enumerable.Range(1, Lines).Select(line => new ImportRow
        {
            Sheet = "lines",
            Row = line,
            Line = new() { Parent = $"L-{line % 100}", Child = $"L-{line + 100}", Amount = "1.5", Unit = "piece" },
        }),
        .. Enumerable.Range(0, Lines + 101).Select(part => new ImportRow
        {
            Sheet = "parts",
            Row = part + 2,
            Part = new() { PartNumber = $"L-{part}", Name = $"part {part}", Kind = part < 100 ? "made" : "bought", Unit = "piece" },
        }),
    ];
}
