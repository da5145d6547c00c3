using Traceability.Cli.Sheets;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Xunit;

namespace Traceability.UnitTests.Cli.Sheets;

/// <summary>What is written into sheets is read from them again, to the last character.</summary>
public class RoundTripTests
{
    private static readonly string[] Texts =
    [
        "P-1", "0000123", "2-1", "1E5", "TRUE", "=1+1", "+81-3", "-x", "@home", "'quoted", "1/4\" bolt", "a,b;c\td", "ガ-1",
        "カ\u3099", "㎏", "Ｂ－1", "_x000D_", "_x005F_", "<&>", "#N/A", "2026-01-01", "𠮷野家", "\"", "a\"\"b", "ｱｲｳ", "é", "ñ",
        "12345678901234567890", "123,456", "１２３", "5%", "sep=;", "a\u2028b", "\uFEFFx", "x\uFFFEy", "正極材\u00A0A", "null", "-0", "+1", "1/2",
        "0190a5c7-6d4e-7c1a-8f00-0242ac120002", "_x0_", "\u200Bx", "help", "10:30", "1.0", "１２．５", "\\", "𩸽",
    ];

    private static readonly string[] Amounts =
        ["0", "1", "0.1", "0.30000000000000004"[..3], "123456789012345.123456789012", "0.000000000001", "1234567.12345678", "999999999999999"];

    private static readonly string[] Days = ["", "2026-12-31", "2026-12-31T15:00:00Z", "2026-12-31T15:00:00.1234567Z"];

    [Theory]
    [InlineData("en", ".xlsx")]
    [InlineData("ja", ".xlsx")]
    [InlineData("en", "")]
    [InlineData("ja", "")]
    public void Any_records_come_back_as_they_were(string language, string ending)
    {
        for (var seed = 0; seed < 120; seed++)
        {
            using var reading = new Reading();
            var (path, records) = (Path.Combine(reading.Folder, $"out{ending}"), Records(new Random(seed)));

            SheetFile.Write(path, SheetRows.ToSheets(records, language));
            var read = SheetRows.Of(SheetFile.Read(path));

            Assert.Empty(read.Errors);
            Assert.Equal(records.Select(Bare).Order(StringComparer.Ordinal), read.Rows.Select(Bare).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void A_template_has_no_errors_and_no_rows()
    {
        using var reading = new Reading();
        var path = Path.Combine(reading.Folder, "template.xlsx");
        SheetFile.Write(path, SheetTemplate.Sheets("ja"));
        var read = SheetRows.Of(SheetFile.Read(path));

        Assert.Empty(read.Errors);
        Assert.Empty(read.Rows);
    }

    [Fact]
    public void A_hundred_thousand_rows_are_read()
    {
        using var reading = new Reading();
        var path = Path.Combine(reading.Folder, "many.xlsx");
        ImportRow[] rows =
        [
            .. Enumerable.Range(0, 100_000).Select(row => new ImportRow
            {
                Sheet = "lines",
                Line = new() { Parent = "P", Child = $"C-{row}", Amount = $"{row}.5", Unit = "kg" },
            }),
        ];
        SheetFile.Write(path, SheetRows.ToSheets(rows, "en"));

        var read = SheetRows.Of(SheetFile.Read(path));

        Assert.Empty(read.Errors);
        Assert.Equal("99999.5", read.Rows[99_999].Line.Amount);
    }

    private static string Bare(ImportRow row)
    {
        var bare = row.Clone();
        (bare.Sheet, bare.Row) = ("", 0);
        return bare.ToString();
    }

    private static List<ImportRow> Records(Random random)
    {
        List<ImportRow> rows = [];
        for (var count = 0; count < 8; count++)
        {
            rows.Add(new()
            {
                Sheet = "parts",
                Part = new() { PartNumber = Text(), TraceId = $"{Guid.NewGuid()}", Name = Text(), Kind = "made", Unit = "square meter" },
            });
        }

        for (var count = 0; count < 8; count++)
        {
            rows.Add(new() { Sheet = "lines", Line = new() { Parent = Text(), Child = Text(), Amount = Amount(), Unit = "tonne", Share = Amount() } });
        }

        for (var count = 0; count < 8; count++)
        {
            var figures = new Figures
            {
                Stages =
                {
                    new StageFigure { Stage = LifeCycleStage.RawMaterial, Amount = Amount() },
                    new StageFigure
                    {
                        Stage = LifeCycleStage.EndOfLife,
                        Amount = Amount(),
                        Rating = new() { Technology = "1", Geography = "2.5", Time = "5" },
                    },
                },
                Components = { new ComponentFigure { Component = "land_use", Amount = Amount() } },
                PrimaryShare = "0.25",
            };
            rows.Add(new()
            {
                Sheet = "contributions",
                Contribution = new() { Part = Text(), Figures = figures, StartDate = Days[1], EndDate = Day(), Source = Text(), ValidUntilDate = Day() },
            });
        }

        rows.Add(new() { Sheet = "trades", Trade = new() { Part = Text(), SupplierOperatorId = $"{Guid.NewGuid()}", Message = Text(), DueDate = Day() } });
        rows.Add(new()
        {
            Sheet = "answers",
            Answer = new() { TradeId = $"{Guid.NewGuid()}", Part = Text(), Fields = "total, certificate", Purpose = "cbam", AcceptedFindings = "single_supplier", ValidUntilDate = Day() },
        });
        return rows;

        string Text() => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Texts[random.Next(Texts.Length)]));
        string Amount() => Amounts[random.Next(Amounts.Length)];
        string Day() => Days[random.Next(Days.Length)];
    }
}
