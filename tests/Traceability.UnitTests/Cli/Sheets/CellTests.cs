using Traceability.Tests;
using Xunit;
using static Traceability.Tests.RawWorkbook;

namespace Traceability.UnitTests.Cli.Sheets;

/// <summary>A cell of a workbook means what its writer saw, or is an error where it stands.</summary>
public class CellTests
{
    [Theory]
    [InlineData("0000000", "123", "0000123")]
    [InlineData("0000-000", "1234567", "1234-567")]
    [InlineData("\"P-\"000", "7", "P-007")]
    [InlineData("General", "123", "123")]
    [InlineData("@", "123", "123")]
    [InlineData("#,##0", "1234", "1,234")]
    public void A_number_is_no_part_number_and_the_error_shows_what_the_cell_shows(string format, string digits, string shown)
    {
        var workbook = new RawWorkbook();
        var read = Reading.Part(workbook, Number(digits, workbook.Style(format)));

        var error = Assert.Single(read.Errors);
        Assert.Equal(("parts", 2, "A (part_number)"), (error.Sheet, error.Row, error.Column));
        Assert.Contains($"shows {shown} ", error.Description, StringComparison.Ordinal);
        Assert.Contains("format the column as text", error.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(14u)]
    [InlineData(16u)]
    [InlineData(17u)]
    [InlineData(22u)]
    [InlineData(27u)]
    [InlineData(36u)]
    [InlineData(47u)]
    [InlineData(50u)]
    [InlineData(58u)]
    public void A_date_in_any_built_in_format_is_no_part_number(uint format)
    {
        var workbook = new RawWorkbook();
        var read = Reading.Part(workbook, Number("46054", workbook.Style(format)));

        Assert.Contains("the date 2026-02-01", Assert.Single(read.Errors).Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[$-411]ggge\"年\"m\"月\"d\"日\";@")]
    [InlineData("[$-ja-JP-x-gannen]ge.m.d")]
    [InlineData("yyyy年m月d日")]
    [InlineData("b1dd/mm/yy")]
    [InlineData("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy")]
    [InlineData("[Red]d.m.yyyy")]
    [InlineData("aaaa")]
    public void A_date_in_a_format_of_any_language_is_the_day_it_shows(string format)
    {
        var workbook = new RawWorkbook();
        var read = Reading.Day(workbook, Number("46023", workbook.Style(format)));

        Assert.Empty(read.Errors);
        Assert.Equal("2026-01-01", Assert.Single(read.Rows).Contribution.StartDate);
    }

    [Theory]
    [InlineData("0.00E+00")]
    [InlineData("#,##0.00_);[Red]\\(#,##0.00\\)")]
    [InlineData("0\\d")]
    [InlineData("0 \"days\"")]
    [InlineData("General")]
    [InlineData("[Magenta]0.0")]
    public void A_number_that_only_looks_like_a_date_in_its_format_is_no_day(string format)
    {
        var workbook = new RawWorkbook();
        var (number, style) = ("46023", workbook.Style(format));

        Assert.Contains("where a day is meant", Assert.Single(Reading.Day(workbook, Number(number, style)).Errors).Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.00E+00", "46000", "46000")]
    [InlineData("#,##0.00_);[Red]\\(#,##0.00\\)", "46023", "46023")]
    [InlineData("#,##0.00_);[Red]\\(#,##0.00\\)", "-2.5", "-2.5")]
    [InlineData("General", "46023", "46023")]
    [InlineData("General", "1E-12", "0.000000000001")]
    [InlineData("@", "5", "5")]
    [InlineData("[Magenta]0.0", "46023", "46023")]
    [InlineData("00000", "123", "123")]
    [InlineData("#,##0", "1234567", "1234567")]
    [InlineData("0", "4.6", "4.6")]
    [InlineData("0.00", "0.333", "0.333")]
    [InlineData("# ?/?", "1.5", "1.5")]
    [InlineData("# ??/??", "0.25", "0.25")]
    [InlineData("##0.0E+0", "12345", "12345")]
    [InlineData("0.0;-0.0;\"-\"", "0", "0")]
    [InlineData(" 0.0 ", "7.5", "7.5")]
    public void A_number_that_is_only_padded_parted_or_rounded_where_it_is_shown_is_that_number(string format, string stored, string amount)
    {
        var workbook = new RawWorkbook();
        var read = Reading.Line(workbook, Number(stored, workbook.Style(format)));

        Assert.Empty(read.Errors);
        Assert.Equal(amount, read.Rows[0].Line.Amount);
    }

    [Theory]
    [InlineData("0%", "0.12", "shows 12% and holds 0.12")]
    [InlineData("0.0%", "12", "shows 1200.0% and holds 12")]
    [InlineData("0,", "5000", "shows 5 and holds 5000")]
    [InlineData("#,##0.0,,", "5400000", "shows 5.4 and holds 5400000")]
    [InlineData("0\"000\"", "5", "shows 5000 and holds 5")]
    [InlineData("\"1\"0", "5", "shows 15 and holds 5")]
    [InlineData("0 \"kg\"", "5", "shows 5 kg and holds 5")]
    [InlineData("0.0,\"k\"", "5400", "shows 5.4k and holds 5400")]
    [InlineData("0\\d", "5", "shows 5d and holds 5")]
    [InlineData("# ?/?", "0.33", "shows 1/3 and holds 0.33")]
    [InlineData("0;0", "-5", "shows 5 and holds -5")]
    [InlineData("0", "0.4", "shows 0 and holds 0.4")]
    [InlineData("0.00", "0.001", "shows 0.00 and holds 0.001")]
    [InlineData(";;;", "5", "shows nothing and holds 5")]
    [InlineData("#", "0", "shows nothing and holds 0")]
    [InlineData("[>=1000]0,;0", "12000", "shows 12 and holds 12000")]
    [InlineData("[$€-407] 0.00", "5", "and holds 5")]
    public void A_number_that_is_shown_as_another_is_refused_with_the_way_out(string format, string stored, string said)
    {
        var workbook = new RawWorkbook();
        var error = Assert.Single(Reading.Line(workbook, Number(stored, workbook.Style(format))).Errors);

        Assert.Equal(("lines", 2, "C (amount)"), (error.Sheet, error.Row, error.Column));
        Assert.Contains(said, error.Description, StringComparison.Ordinal);
        Assert.Contains("format the column as plain numbers", error.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(9u, "", "0.5", "0.5", "")]
    [InlineData(10u, "", "0.123", "0.123", "")]
    [InlineData(164u, "0.0 %", "0.3333", "0.3333", "")]
    [InlineData(164u, "0.00", "0.25", "0.25", "")]
    [InlineData(9u, "", "0.001", "", "shows 0% and holds 0.001")]
    [InlineData(164u, "0%%", "0.5", "", "and holds 0.5")]
    public void Of_a_share_a_percentage_is_what_it_says(uint id, string format, string stored, string share, string said)
    {
        var workbook = new RawWorkbook();
        var cell = Number(stored, workbook.Style(id, format));
        var read = Reading.Of(workbook.Sheet(
            "lines",
            [
                [.. new[] { "parent", "child", "amount", "unit", "trade_id", "share" }.Select(Text)],
                [Text("P"), Text("C"), Number("1"), Text("kg"), Text("0f150000-0000-4000-8000-000000000001"), cell],
            ]));

        Assert.Equal(share, read.Rows[0].Line.Share);
        Assert.Equal(said.Length > 0, read.Errors.Count == 1);
        Assert.All(read.Errors, error => Assert.Contains(said, error.Description, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("44561", "2026-01-01")]
    [InlineData("0", "1904-01-01")]
    public void A_workbook_that_counts_from_1904_is_read_as_it_counts(string serial, string day)
    {
        var workbook = new RawWorkbook { Since1904 = true };
        var read = Reading.Day(workbook, Number(serial, workbook.Style(14)));

        Assert.Equal(day, read.Rows[0].Contribution.StartDate);
    }

    [Theory]
    [InlineData("1", "1900-01-01")]
    [InlineData("59", "1900-02-28")]
    [InlineData("61", "1900-03-01")]
    [InlineData("46387", "2026-12-31")]
    public void Days_are_counted_as_spreadsheets_count_them(string serial, string day)
    {
        var workbook = new RawWorkbook();
        Assert.Equal(day, Reading.Day(workbook, Number(serial, workbook.Style(14))).Rows[0].Contribution.StartDate);
    }

    [Theory]
    [InlineData("60", "which is no day")]
    [InlineData("0", "which is no day")]
    [InlineData("-1", "which is no day")]
    [InlineData("99999999999", "which is no day")]
    [InlineData("46023.625", "2026-01-01 15:00:00")]
    public void What_is_no_whole_day_is_an_error_in_a_column_of_days(string serial, string said)
    {
        var workbook = new RawWorkbook();
        var read = Reading.Day(workbook, Number(serial, workbook.Style(14)));

        var error = Assert.Single(read.Errors);
        Assert.Equal((2, "C (start_date)"), (error.Row, error.Column));
        Assert.Contains(said, error.Description, StringComparison.Ordinal);
        Assert.Equal("", read.Rows[0].Contribution.StartDate);
    }

    [Theory]
    [InlineData("0.30000000000000004", "0.3")]
    [InlineData("1.1000000000000001", "1.1")]
    [InlineData("1.94", "1.94")]
    [InlineData("1E-12", "0.000000000001")]
    [InlineData("9.9999999999999998E-13", "0.000000000001")]
    [InlineData("1.2E+5", "120000")]
    [InlineData("0.33333333333300003", "0.333333333333")]
    [InlineData("123456.30000000001", "123456.3")]
    [InlineData("142857.14285714299", "142857.142857143")]
    [InlineData("-2.5", "-2.5")]
    [InlineData("0", "0")]
    public void A_number_is_what_the_person_sees_of_it(string stored, string amount)
    {
        var read = Reading.Line(new(), Formula("A1+B1", stored));

        Assert.Empty(read.Errors);
        Assert.Equal(amount, read.Rows[0].Line.Amount);
    }

    [Theory]
    [InlineData("1/3", "0.33333333333333331", "=ROUND(1/3,12)")]
    [InlineData("1000000/7", "142857.14285714287", "=ROUND(1000000/7,9)")]
    [InlineData("2/30000", "6.666666666666667E-5", "=ROUND(2/30000,12)")]
    [InlineData("1E-13", "1E-13", "=ROUND(1E-13,12)")]
    [InlineData("A1", "1E+300", "must be a plain decimal")]
    [InlineData("A1", "12345678901234567", "=ROUND(A1,0)")]
    [InlineData("A1", "0.12345678901234567890", "a spreadsheet keeps 15")]
    public void What_would_lose_digits_is_refused_with_the_way_out(string formula, string stored, string said)
    {
        var read = Reading.Line(new(), Formula(formula, stored));

        var error = Assert.Single(read.Errors);
        Assert.Equal(("lines", 2, "C (amount)"), (error.Sheet, error.Row, error.Column));
        Assert.Contains(said, error.Description, StringComparison.Ordinal);
        Assert.Equal("", read.Rows[0].Line.Amount);
    }

    [Theory]
    [InlineData("t=\"n\"><f>3*4</f>", "a formula without a stored result (=3*4)")]
    [InlineData("><f>3*4</f><v></v>", "a formula without a stored result")]
    [InlineData("t=\"str\"><f>A1</f>", "a formula without a stored result")]
    [InlineData("t=\"e\"><v>#N/A</v>", "the error #N/A")]
    [InlineData("t=\"e\"><f>1/0</f><v>#DIV/0!</v>", "the error #DIV/0!")]
    [InlineData("t=\"b\"><v>1</v>", "the truth value TRUE")]
    [InlineData("t=\"n\"><v>12a</v>", "which is none")]
    public void What_is_no_amount_is_an_error_at_its_cell(string cell, string said)
    {
        var error = Assert.Single(Reading.Line(new(), cell).Errors);

        Assert.Equal((2, "C (amount)"), (error.Row, error.Column));
        Assert.Contains(said, error.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t=\"str\"><f>\"\"</f><v></v>")]
    [InlineData("s=\"0\">")]
    [InlineData("t=\"inlineStr\"><is><t>   </t></is>")]
    public void What_nobody_sees_is_empty(string cell)
    {
        var read = Reading.Part(new(), cell);

        Assert.Empty(read.Errors);
        Assert.Equal("", read.Rows[0].Part.PartNumber);
    }

    [Fact]
    public void Readings_above_words_are_no_part_of_them_and_runs_are()
    {
        var workbook = new RawWorkbook();
        var read = Reading.Part(workbook, Text("P-1"), workbook.Shared("正極材 A", "セイキョクザイ"));

        Assert.Equal("正極材 A", read.Rows[0].Part.Name);
    }

    [Theory]
    [InlineData("line_x000D_break", "line\rbreak")]
    [InlineData("_x005F_x000D_", "_x000D_")]
    public void Characters_that_the_file_cannot_hold_are_read_as_they_were_typed(string stored, string typed) =>
        Assert.Equal(typed, Reading.Part(new(), Text("P-1"), Text(stored)).Rows[0].Part.Name);

    [Theory]
    [InlineData("2026-01-01", "2026-01-01")]
    [InlineData("2026-01-01T00:00:00", "2026-01-01")]
    public void Dates_that_are_written_out_are_days(string stored, string day) =>
        Assert.Equal(day, Reading.Day(new(), Of("d", stored)).Rows[0].Contribution.StartDate);

    [Fact]
    public void A_lost_character_is_not_stored_in_its_place() => Assert.Contains(
        "where a character was lost", Assert.Single(Reading.Part(new(), Text("P-1"), Text("caf\uFFFD")).Errors).Description, StringComparison.Ordinal);

    [Theory]
    [InlineData("㎏", "kg")]
    [InlineData("ｋｇ", "kg")]
    [InlineData("㎡", "m2")]
    [InlineData("㍑", "liter")]
    [InlineData("ﾘｯﾄﾙ", "liter")]
    [InlineData("㌧", "tonne")]
    [InlineData("㌘", "gram")]
    [InlineData("個", "piece")]
    [InlineData("石", "石")]
    public void Units_are_read_in_any_form_of_writing(string written, string unit) => Assert.Equal(
        unit, Reading.Csv("parts", "part_number,name,kind,unit", $"P,n,made,{written}").Rows[0].Part.Unit);

    [Theory]
    [InlineData("１２．５", "12.5")]
    [InlineData("5²", "5²")]
    [InlineData("①", "①")]
    [InlineData("1,234.5", "1,234.5")]
    public void Amounts_may_be_full_width_and_nothing_more_is_made_of_them(string written, string amount) => Assert.Equal(
        amount, Reading.Csv("lines", "parent,child,amount,unit", $"P,C,\"{written}\",kg").Rows[0].Line.Amount);

    [Fact]
    public void An_amount_as_text_with_more_places_than_are_kept_is_told_the_way_out()
    {
        var error = Assert.Single(Reading.Csv("lines", "parent,child,amount,unit", "P,C,0.3333333333333,kg").Errors);
        Assert.Equal((2, "C (amount)"), (error.Row, error.Column));
        Assert.Contains("=ROUND(x,12)", error.Description, StringComparison.Ordinal);
    }
}
