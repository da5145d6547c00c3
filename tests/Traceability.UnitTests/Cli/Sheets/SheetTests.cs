using System.Text;
using Traceability.Cli.Sheets;
using Traceability.Tests;
using Xunit;
using static Traceability.Tests.RawWorkbook;

namespace Traceability.UnitTests.Cli.Sheets;

/// <summary>Every filled cell of a sheet is used, or is an error with its row and column.</summary>
public class SheetTests
{
    private const string Parts = "part_number,name,kind,unit";
    private const string Lines = "parent,child,amount,unit";

    [Theory]
    [InlineData("P,C,1,5,kg", "5 cells, 4 titles")]
    [InlineData("P,C,1,5,kg,,", "7 cells, 4 titles")]
    [InlineData("P,C,1,kg,", "5 cells, 4 titles")]
    [InlineData("P,C,\"1,5\",kg,x", "5 cells, 4 titles")]
    public void A_row_with_more_cells_than_titles_says_how_many(string row, string said)
    {
        var read = Reading.Csv("lines", Lines, row, "P,D,1,kg");

        var error = Assert.Single(read.Errors);
        Assert.Equal(("lines", 2, "E"), (error.Sheet, error.Row, error.Column));
        Assert.Contains(said, error.Description, StringComparison.Ordinal);
        Assert.Equal(2, read.Rows.Count);
    }

    [Theory]
    [InlineData("P,C,1.5,kg")]
    [InlineData("P,C,1.5")]
    [InlineData("P,C,1.5,kg\r\n,,,")]
    [InlineData("\r\nP,C,1.5,kg\r\n\r\n")]
    public void Rows_with_fewer_cells_and_rows_without_any_are_well(string rows) =>
        Assert.Empty(Reading.Csv("lines", Lines, rows).Errors);

    [Fact]
    public void A_decimal_comma_is_no_surplus_where_semicolons_separate()
    {
        var read = Reading.Csv("lines", "parent;child;amount;unit", "P;C;1,5;kg");

        Assert.Empty(read.Errors);
        Assert.Equal("1,5", read.Rows[0].Line.Amount);
    }

    [Fact]
    public void A_filled_cell_under_no_title_is_an_error_and_an_empty_one_is_none()
    {
        var csv = Reading.Csv("parts", "part_number,,name,kind,unit", "P-1,,n,made,kg", "P-2,x,n,made,kg");
        var error = Assert.Single(csv.Errors);
        Assert.Equal((3, "B"), (error.Row, error.Column));

        string[] titles = [.. Parts.Split(',').Select(Text)];
        string[] row = [Text("P-1"), Text("n"), Text("made"), Text("kg")];
        Assert.Empty(Reading.Of(new RawWorkbook().Sheet("parts", [titles, [.. row, "s=\"0\">"]])).Errors);
        error = Assert.Single(Reading.Of(new RawWorkbook().Sheet("parts", [titles, [.. row, "", Number("5")]])).Errors);
        Assert.Equal((2, "F"), (error.Row, error.Column));
        Assert.Contains("\"5\" stands under no title", error.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("parent,child,amount,unit,amount", "C (amount) and E (amount)")]
    [InlineData("parent,child,amount,unit,数量", "C (amount) and E (数量)")]
    [InlineData("parent,child,Amount ,unit,ＡＭＯＵＮＴ", "C (Amount ) and E (ＡＭＯＵＮＴ)")]
    [InlineData("parent,child,数量,unit,amount", "C (数量) and E (amount)")]
    [InlineData("parent,child,数量,unit,数量", "C (数量) and E (数量)")]
    [InlineData("parent,child,\"amount\",unit, amount", "C (amount) and E ( amount)")]
    public void The_same_title_twice_names_both_columns_and_no_cell_of_either_is_read(string titles, string said)
    {
        var read = Reading.Csv("lines", titles, "P,C,1,kg,2");

        var error = Assert.Single(read.Errors);
        Assert.Equal(1, error.Row);
        Assert.Contains(said, error.Description, StringComparison.Ordinal);
        Assert.Equal("", read.Rows[0].Line.Amount);
        Assert.Null(read.Locate(new() { Sheet = "lines", Row = 2, Field = "amount", Description = "is missing" }));
        Assert.NotNull(read.Locate(new() { Sheet = "lines", Row = 2, Field = "unit", Description = "is wrong" }));
    }

    [Theory]
    [InlineData("1/4\" bolt", "1/4\" bolt")]
    [InlineData("\"1/4\"\" bolt\"", "1/4\" bolt")]
    [InlineData("5\"", "5\"")]
    [InlineData("\"a,b\"", "a,b")]
    [InlineData("\"\"\"q\"\"\"", "\"q\"")]
    [InlineData("=1+1", "=1+1")]
    [InlineData("@x", "@x")]
    public void A_field_is_read_as_it_stands(string field, string name)
    {
        var read = Reading.Csv("parts", Parts, $"P-1,{field},bought,piece", "P-2,n,bought,piece");

        Assert.Empty(read.Errors);
        Assert.Equal([name, "n"], read.Rows.Select(row => row.Part.Name));
    }

    [Theory]
    [InlineData("\"1/4\" bolt", "more: a field with quotes stands in quotes")]
    [InlineData("\"1/4\"bolt\"", "more: a field with quotes")]
    [InlineData("\"never closed", "never closed")]
    [InlineData("\"never, closed", "never closed")]
    public void A_quote_at_the_wrong_place_is_an_error_of_its_cell_and_other_rows_are_read(string field, string said)
    {
        var read = Reading.Csv("parts", Parts, "P-0,n,bought,piece", $"P-1,{field},bought,piece", "P-2,plain,bought,piece");

        Assert.Contains(read.Errors, error =>
            (error.Row, error.Column) == (3, "B (name)") && error.Description.Contains(said, StringComparison.Ordinal));
        Assert.All(read.Errors, error => Assert.Equal(3, error.Row));
        Assert.Equal(["P-0", "P-1", "P-2"], read.Rows.Select(row => row.Part.PartNumber));
    }

    [Theory]
    [InlineData(',')]
    [InlineData(';')]
    [InlineData('\t')]
    public void The_titles_tell_what_separates(char delimiter)
    {
        var read = Reading.Csv("parts", Parts.Replace(',', delimiter), $"P;1,2{delimiter}n{delimiter}made{delimiter}kg".Replace(
            delimiter == ';' ? "P;1,2" : delimiter == ',' ? "P;1,2" : "\0", "P-1", StringComparison.Ordinal));

        Assert.Empty(read.Errors);
        Assert.Equal("made", Assert.Single(read.Rows).Part.Kind);
    }

    [Fact]
    public void A_line_that_names_the_separator_is_followed() =>
        Assert.Empty(Reading.Csv("parts", "sep=;", Parts.Replace(',', ';'), "P,1;n;made;kg").Errors);

    [Fact]
    public void Rows_are_counted_as_a_spreadsheet_counts_them()
    {
        var read = Reading.Csv("parts", Parts, "", "P-1,\"two\nlines\",made,kg", "P-2,\uFFFD,made,kg");

        Assert.Equal([3, 4], read.Rows.Select(row => row.Row));
        Assert.Equal(4, Assert.Single(read.Errors).Row);
    }

    [Fact]
    public void Sheets_and_columns_that_nobody_knows_are_errors_and_empty_ones_are_none()
    {
        var read = Reading.Of(new RawWorkbook()
            .Sheet("Sheet1", []).Sheet("invoices", [[Number("1")]]).Sheet("help", [[Text("any")]])
            .Sheet("parts", [[Text("part_number"), Text("colour"), Number("2026")]]));

        Assert.Equal(
            ["invoices 1 ", "parts 1 B", "parts 1 C"],
            read.Errors.Select(error => $"{error.Sheet} {error.Row} {error.Column}"));
    }

    [Theory]
    [InlineData("hidden")]
    [InlineData("veryHidden")]
    public void What_is_hidden_is_not_imported_unseen(string state)
    {
        string[][] rows = [[Text("part_number"), Text("name")], [Text("P-1"), Text("n")], [Text("P-2"), Text("n")]];
        var sheet = Reading.Of(new RawWorkbook().Sheet("parts", rows, state));
        Assert.Contains("The sheet is hidden", Assert.Single(sheet.Errors).Description, StringComparison.Ordinal);
        Assert.Empty(sheet.Rows);

        var row = Assert.Single(Reading.Of(new RawWorkbook().Sheet("parts", rows, hiddenRows: [3, 9])).Errors);
        Assert.Equal((3, "The row is hidden: show it, or delete it."), (row.Row, row.Description));

        const string Hidden = "<cols><col min=\"2\" max=\"2\" hidden=\"1\"/><col min=\"5\" max=\"16384\" hidden=\"1\"/></cols>";
        var column = Assert.Single(Reading.Of(new RawWorkbook().Sheet("parts", rows, before: Hidden)).Errors);
        Assert.Equal("B", column.Column);
        Assert.Empty(Reading.Of(new RawWorkbook().Sheet("lists", [], state)).Errors);
    }

    [Fact]
    public void Merged_cells_are_an_error_where_there_is_something_in_them()
    {
        string[][] rows = [[Text("part_number"), Text("name")], [Text("P-1"), Text("n")], ["", Text("m")]];
        const string Merged = "<mergeCells><mergeCell ref=\"A2:A3\"/><mergeCell ref=\"D7:E9\"/></mergeCells>";

        var error = Assert.Single(Reading.Of(new RawWorkbook().Sheet("parts", rows, behind: Merged)).Errors);

        Assert.Equal((2, "A"), (error.Row, error.Column));
        Assert.Contains("A2:A3 are merged", error.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chart_is_left_alone_unless_it_has_the_name_of_a_sheet()
    {
        Assert.Empty(Reading.Of(new RawWorkbook().Sheet("parts", []).Chart("Chart1")).Errors);
        Assert.Contains("This is a chart", Assert.Single(Reading.Of(new RawWorkbook().Chart("parts")).Errors).Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Workbooks_with_macros_are_read_without_them_and_other_kinds_are_named()
    {
        var book = new RawWorkbook().Sheet("parts", [[Text("part_number")], [Text("P")]]).ToBytes();
        Assert.Single(Reading.Of(book, "book.xlsm").Rows);

        byte[] ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, .. new byte[600]];
        Assert.Contains("old kind (.xls)", Reading.Refused(ole, "book.xlsx"), StringComparison.Ordinal);
        Assert.Contains("protected by a password", Reading.Refused([.. ole, .. Encoding.Unicode.GetBytes("EncryptedPackage")], "book.xlsx"), StringComparison.Ordinal);
        Assert.Contains("save it as .xlsx", Reading.Refused(ole, "book.xls"), StringComparison.Ordinal);
        Assert.Contains("save it as .xlsx", Reading.Refused(book, "book.ods"), StringComparison.Ordinal);
        Assert.Contains("is damaged, or no workbook", Reading.Refused(Encoding.UTF8.GetBytes("a,b"), "book.xlsx"), StringComparison.Ordinal);
        Assert.Contains("is damaged, or no workbook", Reading.Refused(book[..^30], "book.xlsx"), StringComparison.Ordinal);
        Assert.Contains("is a workbook", Assert.Single(Reading.Of(book, "parts.csv").Errors).Description, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], string?> Encodings()
    {
        var text = $"{Parts}\r\nP-1,モジュール,made,kg";
        return new()
        {
            { Encoding.UTF8.GetBytes(text), "モジュール" },
            { [.. Reading.Utf8.GetPreamble(), .. Encoding.UTF8.GetBytes(text)], "モジュール" },
            { [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(text)], "モジュール" },
            { [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(text)], "モジュール" },
            { [0xFF, 0xFE, 0, 0, .. Encoding.UTF32.GetBytes(text)], "モジュール" },
            { Reading.ShiftJis.GetBytes(text), "モジュール" },
            { Reading.ShiftJis.GetBytes($"{Parts}\r\nP-1,ｱｲｳ品,made,kg"), "ｱｲｳ品" },
            { Encoding.UTF8.GetBytes($"{Parts}\r\nP-1,あい,made,kg"), "あい" },
            { Encoding.UTF8.GetBytes($"{Parts}\r\nP-1,ガ,made,kg"), "ガ" },
            // The titles tell which of two readings is meant.
            { Reading.ShiftJis.GetBytes("品番,名称\r\nP-1,ﾃｱ"), "ﾃｱ" },
            { Encoding.UTF8.GetBytes("品番,名称\r\nP-1,ñ"), "ñ" },
            // Nothing does here: ñ in the one is ﾃｱ in the other.
            { Reading.ShiftJis.GetBytes($"{Parts}\r\nP-1,ﾃｱ,made,kg"), null },
            { Reading.ShiftJis.GetBytes($"{Parts}\r\nP-1,ﾃｽﾄ品,made,kg"), null },
            { Encoding.Unicode.GetBytes(text), null },
            { [.. Encoding.UTF8.GetBytes(text)[..40], 0xE3], null },
            { [.. Reading.Utf8.GetPreamble(), .. Encoding.UTF8.GetBytes(text)[..^9], 0xE3], null },
            { [.. Encoding.UTF8.GetBytes($"{Parts}\r\nP-1,"), 0xFF, 0xA0], null },
            { Encoding.UTF8.GetBytes($"{Parts}\r\nP-1,a\0b,made,kg"), null },
        };
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public void An_encoding_is_told_from_the_file_or_it_is_said_that_it_cannot_be(byte[] file, string? name)
    {
        var read = Reading.Of(file, "parts.csv");

        Assert.Equal(name is null, read.Errors.Count > 0);
        Assert.Equal(name, read.Errors.Count > 0 ? null : Assert.Single(read.Rows).Part.Name);
    }

    [Fact]
    public void Both_readings_of_a_text_are_shown() => Assert.Contains(
        "\"ñ\" in UTF-8 is \"ﾃｱ\" in Shift_JIS",
        Assert.Single(Reading.Of(Reading.ShiftJis.GetBytes($"{Parts}\r\nP-1,ﾃｱ,made,kg"), "parts.csv").Errors).Description,
        StringComparison.Ordinal);

    [Fact]
    public void A_bad_file_of_a_folder_costs_the_others_nothing()
    {
        using var reading = new Reading();
        File.WriteAllBytes(Path.Combine(reading.Folder, "parts.csv"), [0xFF, 0xFE, 0x00, 0xD8]);
        File.WriteAllText(Path.Combine(reading.Folder, "LINES.CSV"), $"{Lines}\r\nP,C,1,5,kg\r\nP,D,1,kg");
        File.WriteAllText(Path.Combine(reading.Folder, "README.md"), "not a sheet");
        File.WriteAllText(Path.Combine(reading.Folder, "~lock.csv"), "not a sheet");
        File.WriteAllBytes(Path.Combine(reading.Folder, "trades.xlsx"), []);

        var read = SheetRows.Of(SheetFile.Read(reading.Folder));

        Assert.Equal(["LINES 2", "parts 1", "trades.xlsx 1"], read.Errors.Select(error => $"{error.Sheet} {error.Row}").Order(StringComparer.Ordinal));
        Assert.Equal(2, read.Rows.Count);
    }

    [Fact]
    public void What_the_node_says_of_a_bad_cell_is_not_said_again()
    {
        var read = Reading.Line(new(), Formula("1/3", null));

        Assert.Null(read.Locate(new() { Sheet = "lines", Row = 2, Field = "amount", Description = "must be a decimal" }));
        Assert.Equal("D (unit)", read.Locate(new() { Sheet = "lines", Row = 2, Field = "unit", Description = "unknown" })!.Column);
    }
}
