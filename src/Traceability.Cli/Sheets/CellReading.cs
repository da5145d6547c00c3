using System.Globalization;
using System.Text.RegularExpressions;
using Traceability.Domain.Quantities;

namespace Traceability.Cli.Sheets;

/// <summary>What a cell says to its column, or why that is nothing the column takes.</summary>
/// <param name="Text">For the node; where something is wrong, the best that the other rows can be checked with.</param>
/// <param name="Problem">What is wrong and what to do; null where nothing is.</param>
internal sealed partial record CellReading(string Text, string? Problem = null)
{
    /// <summary>A spreadsheet keeps and shows this many digits of a number.</summary>
    private const int SpreadsheetDigits = 15;

    /// <summary>
    /// Every number that a spreadsheet can hold is written with so many; more were meant to be exact.
    /// </summary>
    private const int BinaryDigits = 17;

    /// <summary>What is left after the binary noise of a short sum, such as 0.1+0.2, is cut off.</summary>
    private const int ShortDigits = 12;

    /// <summary>What a decimal can hold.</summary>
    private const double TooLarge = 1e28;

    private const string Retype = "format the column as text and type it again.";

    public static CellReading Of(SheetColumn column, Cell cell) => (cell.Kind, column.Content) switch
    {
        (CellKind.Empty, _) => new(""),
        (CellKind.Bad, _) => new(cell.Value, cell.Shown),
        (CellKind.Error, _) => new("", $"The cell holds the error {cell.Value}: mend the formula."),
        (CellKind.NoResult, _) => new(
            "",
            $"The cell holds a formula without a stored result (={cell.Formula}): open the file in a spreadsheet "
                + "program and save it there."),
        (CellKind.Boolean, _) => new(
            cell.Value, $"The cell holds the truth value {cell.Value}, which no column takes: {Retype}"),
        (CellKind.Text, Content.Text) => OfText(cell.Value),
        (CellKind.Text, Content.Amount) => AmountText(Words.HalfWidth(cell.Value)),
        (CellKind.Text, _) => new(Words.HalfWidth(cell.Value)),
        (CellKind.Number, Content.Amount) => Number(column, cell),
        (CellKind.Number, Content.Day) => new(
            "",
            $"The cell holds the number {cell.Shown}, where a day is meant: format the column as a date, or as text, "
                + "and type the day as 2026-12-31."),
        (CellKind.Number, _) => new(
            cell.Shown,
            $"The cell shows {cell.Shown} and holds the number {cell.Value}, where text is meant; zeros and digits may "
                + $"be lost: {Retype}"),
        (CellKind.Date, Content.Day) => Day(cell),
        (CellKind.Date, Content.Amount) => new(
            "", $"The cell shows {cell.Shown} and holds the date {cell.Value}, where an amount is meant: format the "
                + "column as numbers and type it again."),
        _ => new(
            cell.Shown,
            $"The cell shows {cell.Shown} and holds the date {cell.Value}, where text is meant; a spreadsheet program "
                + $"may have made a date of what was typed: {Retype}"),
    };

    private static CellReading OfText(string value) => value.Contains('\uFFFD', StringComparison.Ordinal)
        ? new(value, "The cell holds U+FFFD, which stands where a character was lost: type it again.")
        : new(value);

    private static CellReading AmountText(string value) => TooManyPlaces().IsMatch(value)
        ? new(
            "",
            $"{value} has more than {Amount.MaxDecimals} places: round it, such as =ROUND(x,{Amount.MaxDecimals}).")
        : new(value);

    private static CellReading Day(Cell cell) => cell.Value.Length == 0
        ? new("", $"The cell holds {cell.Shown}, which is no day between the years 1900 and 9998.")
        : cell.Value.Contains(' ', StringComparison.Ordinal)
            ? new(
                "",
                $"The cell holds a time of day, {cell.Value}: write the day alone, or an exact time as text, such as "
                    + "2026-12-31T15:00:00Z.")
            : new(cell.Value);

    /// <summary>
    /// Spreadsheets compute in binary. A number that is one of 15 digits is that; one that is a short number but for
    /// noise, such as the sum of 0.1 and 0.2, is the short number; all others the person has to round where it is seen.
    /// </summary>
    private static CellReading Number(SheetColumn column, Cell cell)
    {
        if (!double.TryParse(cell.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var stored)
            || Math.Abs(stored) >= TooLarge)
        {
            return new("", $"{cell.Value} is not valid: must be {Amount.Rule}.");
        }

        if (cell.IsFormatted && ShownNumber.Problem(column, cell, stored) is { } problem)
        {
            return new("", problem);
        }

        var text = stored.ToString("E14", CultureInfo.InvariantCulture);
        var places = Math.Clamp(SpreadsheetDigits - 1 - (int)Math.Floor(Magnitude(stored)), 0, Amount.MaxDecimals);
        if (stored != 0 && Math.Abs(stored) < (double)Amount.LastPlace)
        {
            return TooLong(cell, cell.Value, places);
        }

        var number = decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        var written = Digits(cell.Value);
        var same = double.Parse(text, CultureInfo.InvariantCulture).Equals(stored);
        var isShort = Digits(text) <= ShortDigits;
        var shown = number.ToString("0.############################", CultureInfo.InvariantCulture);
        return written > BinaryDigits
            ? new(
                "",
                $"{cell.Value} has {written} digits, and a spreadsheet keeps {SpreadsheetDigits} of a number: format "
                    + "the cell as text and type it again.")
            : (same || isShort) && number.Scale <= Amount.MaxDecimals + Zeros(number) ? new(shown)
            : TooLong(cell, shown, places);
    }

    private static CellReading TooLong(Cell cell, string shown, int places) => new(
        "",
        $"{shown} has more digits than are kept ({Amount.MaxDecimals} places, and {SpreadsheetDigits} digits in a "
            + $"spreadsheet): round it where you see it, such as "
            + $"=ROUND({(cell.Formula.Length > 0 ? cell.Formula : "x")},{places}).");

    private static double Magnitude(double number) => number == 0 ? 0 : Math.Log10(Math.Abs(number));

    /// <summary>Zeros at the end say nothing.</summary>
    private static int Zeros(decimal number)
    {
        var digits = number.ToString(CultureInfo.InvariantCulture);
        return digits.Contains('.', StringComparison.Ordinal) ? digits.Length - digits.TrimEnd('0').Length : 0;
    }

    /// <summary>How many digits there are from the first that is no zero to the last that is none.</summary>
    private static int Digits(string number)
    {
        var mantissa = number.Split('e', 'E')[0];
        return string.Concat(mantissa.Where(char.IsAsciiDigit)).Trim('0').Length;
    }

    [GeneratedRegex(@"^-?[0-9]+\.[0-9]{13,}$")]
    private static partial Regex TooManyPlaces();
}
