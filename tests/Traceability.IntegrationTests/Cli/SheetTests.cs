using System.Text;
using MiniExcelLibs;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>Spreadsheets as people write them, through the program itself.</summary>
public sealed class SheetTests(Federation federation) : IClassFixture<Federation>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    [Fact]
    public async Task A_template_is_filled_in_imported_exported_and_imported_again()
    {
        var a = new CommandLine(federation, Story.A);
        var (template, filled) = (Path.Combine(_folder, "template.xlsx"), Path.Combine(_folder, "filled.xlsx"));
        Assert.Equal(0, (await a.RunAsync("sheet", "template", template, "--language", "en")).Code);
        Assert.Equal(
            ["help", "parts", "lines", "contributions", "trades", "answers"], MiniExcel.GetSheetNames(template));
        Fill(template, filled);

        var dry = await a.JsonAsync("sheet", "import", filled, "--dry-run");
        Assert.Equal((false, 5), (dry.GetProperty("stored").GetBoolean(), dry.GetProperty("changed").GetInt32()));
        var stored = await a.JsonAsync("sheet", "import", filled);
        Assert.Equal((true, 5), (stored.GetProperty("stored").GetBoolean(), stored.GetProperty("changed").GetInt32()));

        var (_, shown, _) = await a.RunAsync("footprint", "show", "module");
        Assert.Contains("5.35 kg CO2e per piece", shown, StringComparison.Ordinal);
        Assert.Contains("data set", shown, StringComparison.Ordinal);

        foreach (var exported in new[] { Path.Combine(_folder, "out.xlsx"), Path.Combine(_folder, "out") })
        {
            Assert.Equal(0, (await a.RunAsync("sheet", "export", exported, "--language", "ja")).Code);
            var again = await a.JsonAsync("sheet", "import", exported);
            Assert.Equal((0, 5), (again.GetProperty("changed").GetInt32(), again.GetProperty("unchanged").GetInt32()));
        }
    }

    [Fact]
    public async Task A_japanese_sheet_is_read_as_it_was_saved_and_every_error_is_found_by_row_and_column()
    {
        var b = new CommandLine(federation, Story.B);
        Write("部品", "品番,名称,製造・購入,単位", "Ｂ-1,モジュール,製造,個", "B-2,正極材,購入,ｋｇ");
        Write("部品構成", "親部品,子部品,数量,単位", "Ｂ-1,B-2,１２．５,kg", "Ｂ-1,B-9,1,kg", "Ｂ-1,B-2,1.2.3,石");

        var (code, _, errors) = await b.RunAsync("sheet", "import", _folder);
        var (_, table, _) = await b.RunAsync("sheet", "import", _folder, "--dry-run");

        Assert.Equal(1, code);
        Assert.Contains("3 errors", errors, StringComparison.Ordinal);
        Assert.Contains("nothing was stored", errors, StringComparison.Ordinal);
        Assert.Matches(@"部品構成\s+3\s+B \(子部品\)\s+""B-9"" is not valid: must be the part number", table);
        Assert.Matches(@"部品構成\s+4\s+C \(数量\)\s+""1.2.3"" is not valid: must be a plain decimal", table);
        Assert.Matches(@"部品構成\s+4\s+D \(単位\)\s+""石"" is not valid: must be one of", table);

        Write("部品構成", "親部品,子部品,数量,単位", "Ｂ-1,B-2,１２．５,kg");
        Assert.Equal(0, (await b.RunAsync("sheet", "import", _folder)).Code);
        var (_, bill, _) = await b.RunAsync("bill", "show", "モジュール");
        Assert.Contains("12.5 kilogram", bill, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sheets_and_columns_that_nobody_knows_are_named_with_those_that_are()
    {
        var c = new CommandLine(federation, Story.C);
        Write("parts", "part_number,colour", "C-1,red");
        Write("invoices", "number", "1");

        var (code, table, _) = await c.RunAsync("sheet", "import", _folder);

        Assert.Equal(1, code);
        Assert.Contains("\"colour\" is not valid: columns of parts are part_number, trace_id", table, StringComparison.Ordinal);
        Assert.Contains("\"invoices\" is not valid: sheets are named parts", table, StringComparison.Ordinal);
        Assert.Contains("name", table, StringComparison.Ordinal);
        Assert.Contains("There is no file", (await c.RunAsync("sheet", "import", "nowhere.xlsx")).Errors, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>As Japanese spreadsheets save CSV.</summary>
    private void Write(string sheet, params string[] lines) => File.WriteAllText(
        Path.Combine(_folder, $"{sheet}.csv"),
        string.Join("\r\n", lines),
        CodePagesEncodingProvider.Instance.GetEncoding("shift_jis")!);

    /// <summary>Numbers as a spreadsheet keeps them: in binary, so that 0.1 and 3.1 are not exact there.</summary>
    private static void Fill(string template, string file)
    {
        object[] Row(string sheet, params (string Title, object Value)[] cells)
        {
            var titles = ((IDictionary<string, object?>)MiniExcel.Query(template, sheetName: sheet).First()).Values;
            return [.. titles.Select(title => cells.FirstOrDefault(cell => cell.Title == (string?)title).Value ?? "")];
        }

        Dictionary<string, object> sheets = [];
        Add("parts",
            Row("parts", ("Part number", "M-1"), ("Name", "module"), ("Made or bought", "made"), ("Unit", "piece")),
            Row("parts", ("Part number", "C-1"), ("Name", "cell"), ("Made or bought", "bought"), ("Unit", "piece")));
        Add("lines", Row("lines", ("Parent", "M-1"), ("Child", "C-1"), ("Amount", 1.1d), ("Unit", "piece")));
        Add("contributions",
            Row("contributions", ("Part", "M-1"), ("Main production (kg CO2e)", 1.94d), ("Start date", "2026-01-01"), ("End date", "2026-12-31")),
            Row("contributions", ("Part", "C-1"), ("Raw material (kg CO2e)", 3.1d), ("Start date", new DateTime(2026, 1, 1)),
                ("End date", new DateTime(2026, 12, 31)), ("Source", "database, edition 7")));
        MiniExcel.SaveAs(file, sheets);

        void Add(string sheet, params object[][] rows)
        {
            var titles = ((IDictionary<string, object?>)MiniExcel.Query(template, sheetName: sheet).First()).Values;
            var table = new System.Data.DataTable();
            titles.ToList().ForEach(title => table.Columns.Add((string)title!, typeof(object)));
            rows.ToList().ForEach(row => table.Rows.Add(row));
            sheets.Add(sheet, table);
        }
    }
}
