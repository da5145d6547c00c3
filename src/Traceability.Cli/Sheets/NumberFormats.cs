using System.Globalization;
using System.Text.RegularExpressions;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;
using ExcelNumberFormat;

namespace Traceability.Cli.Sheets;

/// <summary>The number formats of a workbook: which of its numbers are dates, and what a person sees of them.</summary>
internal sealed partial class NumberFormats
{
    /// <summary>
    /// Formats that every spreadsheet program knows without their being written down; ECMA-376, 18.8.30.
    /// </summary>
    private static readonly Dictionary<uint, string> BuiltIn = new()
    {
        [1] = "0", [2] = "0.00", [3] = "#,##0", [4] = "#,##0.00", [9] = "0%", [10] = "0.00%", [11] = "0.00E+00",
        [12] = "# ?/?", [13] = "# ??/??", [14] = "yyyy/m/d", [15] = "d-mmm-yy", [16] = "d-mmm", [17] = "mmm-yy",
        [18] = "h:mm AM/PM", [19] = "h:mm:ss AM/PM", [20] = "h:mm", [21] = "h:mm:ss", [22] = "yyyy/m/d h:mm",
        [37] = "#,##0 ;(#,##0)", [38] = "#,##0 ;[Red](#,##0)", [39] = "#,##0.00;(#,##0.00)",
        [40] = "#,##0.00;[Red](#,##0.00)", [48] = "##0.0E+0",
        [45] = "mm:ss", [46] = "[h]:mm:ss", [47] = "mmss.0",
    };

    private readonly List<uint> _ids = [];
    private readonly Dictionary<uint, string> _codes = [];
    private readonly Dictionary<uint, (bool IsDate, NumberFormat? Format)> _known = [];

    public NumberFormats(WorkbookPart workbook)
    {
        var sheet = workbook.WorkbookStylesPart?.Stylesheet;
        foreach (var format in sheet?.NumberingFormats?.Elements<NumberingFormat>() ?? [])
        {
            if (format.NumberFormatId?.Value is { } id)
            {
                _codes[id] = format.FormatCode?.Value ?? "";
            }
        }

        _ids.AddRange((sheet?.CellFormats?.Elements<CellFormat>() ?? [])
            .Select(format => format.NumberFormatId?.Value ?? 0));
    }

    public bool IsDate(uint style) => Of(style).IsDate;

    /// <summary>As a spreadsheet shows it, as far as that is known.</summary>
    public string Shown(uint style, double number, string stored)
    {
        try
        {
            return Of(style).Format?.Format(number, CultureInfo.InvariantCulture) is { Length: > 0 } shown
                ? shown
                : stored;
        }
        catch (ArgumentException)
        {
            // Of a number that is no date, a format of dates makes nothing.
            return stored;
        }
    }

    /// <summary>
    /// A number as a spreadsheet shows it, be it nothing; null where its format is none of its own.
    /// </summary>
    /// <exception cref="FormatException">Nobody here can tell what the format shows.</exception>
    public string? ShownFormatted(uint style, double number)
    {
        if (CodeOf(style) is not { Length: > 0 } code || General().IsMatch(code))
        {
            return null;
        }

        var format = Of(style).Format ?? throw new FormatException(code);
        return format.Format(number, CultureInfo.InvariantCulture);
    }

    private string CodeOf(uint style)
    {
        var id = style < _ids.Count ? _ids[(int)style] : 0;
        return _codes.GetValueOrDefault(id, BuiltIn.GetValueOrDefault(id, ""));
    }

    private (bool IsDate, NumberFormat? Format) Of(uint style)
    {
        var id = style < _ids.Count ? _ids[(int)style] : 0;
        if (!_known.TryGetValue(id, out var known))
        {
            _known[id] = known = Read(id);
        }

        return known;
    }

    private (bool IsDate, NumberFormat? Format) Read(uint id)
    {
        // Dates in the formats of East Asia, whose codes are not written down either.
        var isEastAsian = id is (>= 27 and <= 36) or (>= 50 and <= 58);
        if (_codes.GetValueOrDefault(id, BuiltIn.GetValueOrDefault(id, "")) is not { Length: > 0 } code)
        {
            return (isEastAsian, isEastAsian ? new NumberFormat("yyyy/m/d") : null);
        }

        // The library takes the first letter of some colours for months.
        var format = new NumberFormat(Colour().Replace(code, ""));
        var isDate = Elapsed().IsMatch(code) || DateLetter().IsMatch(Literal().Replace(code, ""));
        return (isDate, format.IsValid ? format : null);
    }

    /// <summary>
    /// What stands in a format for itself: quoted, escaped, a colour or a language in brackets, padding.
    /// </summary>
    [GeneratedRegex("""
        "[^"]*"|\\.|\[[^\]]*\]|[_*].|General|E[+-]
        """, RegexOptions.IgnoreCase)]
    private static partial Regex Literal();

    [GeneratedRegex(@"\[(Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|Color ?[0-9]+)\]", RegexOptions.IgnoreCase)]
    private static partial Regex Colour();

    /// <summary>A number as it is, or, in a cell for texts, as it was typed.</summary>
    [GeneratedRegex(@"^(\[\$-[0-9A-F]+\])?(General|@)$", RegexOptions.IgnoreCase)]
    private static partial Regex General();

    [GeneratedRegex(@"\[(h+|m+|s+)\]", RegexOptions.IgnoreCase)]
    private static partial Regex Elapsed();

    [GeneratedRegex("[ymdhsgeb]|aaa", RegexOptions.IgnoreCase)]
    private static partial Regex DateLetter();
}
