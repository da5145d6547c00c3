using System.Globalization;
using System.Text.RegularExpressions;

namespace Traceability.Cli.Sheets;

/// <summary>
/// Whether a person sees in a cell the number that it holds. A number format may show a thousandth of it, or a hundred
/// times as much, another sign, a unit, or nothing at all; what it only rounds or pads is the same number.
/// </summary>
internal static partial class ShownNumber
{
    private const string Way =
        "format the column as plain numbers, such as 0.00, without %, thousands or a unit, and see that it shows what "
        + "you mean.";

    /// <summary>What is wrong; null where what is shown is what is held.</summary>
    /// <param name="column">Of a share, a percentage is what it says.</param>
    /// <param name="cell">A number with a format of its own.</param>
    /// <param name="held">The number.</param>
    public static string? Problem(SheetColumn column, Cell cell, double held)
    {
        var shown = cell.Shown.Trim();
        var percent = shown.EndsWith('%');
        return shown.Length == 0 ? $"The cell shows nothing and holds {cell.Value}: empty it, or {Way}"
            : percent && column.IsShare && Same(shown[..^1].TrimEnd(), held * 100) ? null
            : Same(shown, held) ? null
            : $"The cell shows {shown} and holds {cell.Value}: {Way}";
    }

    private static bool Same(string shown, double held)
    {
        var match = Number().Match(shown);
        if (!match.Success)
        {
            return IsFraction(shown, held) || (shown == "-" && held == 0);
        }

        var (digits, places, power) = (
            match.Groups["digits"].Value, match.Groups["places"].Value, match.Groups["power"].Value);
        var number = double.Parse(
            $"{digits.Replace(",", "", StringComparison.Ordinal)}.{places}0", NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture);
        var step = Math.Pow(10, power.Length > 0 ? int.Parse(power, CultureInfo.InvariantCulture) : 0);
        var isNegative = match.Groups["minus"].Success || match.Groups["bracket"].Success;
        var said = (isNegative ? -number : number) * step;
        // What is rounded to nothing is not what is held.
        return said == 0 ? held == 0 : Math.Abs(said - held) <= 0.5000001 * step * Math.Pow(10, -places.Length);
    }

    /// <summary>1 1/2 is 1.5; of 0.33, 1/3 is another number.</summary>
    private static bool IsFraction(string shown, double held)
    {
        var match = Fraction().Match(shown);
        if (!match.Success)
        {
            return false;
        }

        var (whole, above, below) = (Part("whole"), Part("above"), Part("below"));
        var said = whole + (above / below);
        return (match.Groups["minus"].Success ? -said : said).Equals(held);

        double Part(string name) => double.TryParse(
            match.Groups[name].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var part) ? part : 0;
    }

    /// <summary>Digits, by thousands or not; negative with a sign or in brackets; with a power of ten or not.</summary>
    [GeneratedRegex(
        @"^(?<minus>-\s*)?(?<bracket>\()?
          (?<digits>[0-9]{1,3}(,[0-9]{3})+|[0-9]*) (\.(?<places>[0-9]*))? ([Ee]\+?(?<power>-?[0-9]{1,3}))?
          \)?$",
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Number();

    [GeneratedRegex(
        @"^(?<minus>-\s*)? ((?<whole>[0-9]+)\s+)? (?<above>[0-9]+)\s*/\s*(?<below>[0-9]+)$",
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Fraction();
}
