using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;

namespace Traceability.Cli.Sheets;

/// <summary>Reads workbooks (ECMA-376) with all that a cell is beside its text.</summary>
internal sealed partial class WorkbookReader
{
    /// <summary>A hundred thousand rows are some 100 MB without compression.</summary>
    private const long MaxUnpacked = 1024L * 1024 * 1024;

    /// <summary>1900 was no leap year, and spreadsheets count a 29th of February in it.</summary>
    private const int FirstRealDay = 61;

    private static readonly byte[] Ole = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

    private readonly WorkbookPart _workbook;
    private readonly NumberFormats _formats;
    private readonly List<string> _shared = [];
    private readonly bool _since1904;

    private WorkbookReader(WorkbookPart workbook)
    {
        (_workbook, _formats) = (workbook, new(workbook));
        _since1904 = workbook.Workbook.WorkbookProperties?.Date1904?.Value ?? false;
        if (workbook.SharedStringTablePart is { } part)
        {
            foreach (var item in Elements(part, typeof(SharedStringItem)))
            {
                _shared.Add(TextOf(item));
            }
        }
    }

    public static IReadOnlyList<SheetTable> Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().StartsWith(Ole))
        {
            throw new ProblemException(bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes("EncryptedPackage")) >= 0
                ? $"{path} is protected by a password: take the password off, and save it again."
                : $"{path} is a workbook of the old kind (.xls): open it in a spreadsheet program and save it as "
                    + ".xlsx.");
        }

        try
        {
            MustBeWhole(path, bytes);
            using var document = SpreadsheetDocument.Open(new MemoryStream(bytes), isEditable: false);
            return new WorkbookReader(document.WorkbookPart!).Sheets();
        }
        // Whatever a library throws on a file that is not what it says.
        catch (Exception exception) when (exception is not ProblemException)
        {
            throw new ProblemException(
                $"{path} is damaged, or no workbook: open it in a spreadsheet program and save it as .xlsx again.");
        }
    }

    /// <summary>A byte that was lost on the way may be a digit: every part must be what it was.</summary>
    private static void MustBeWhole(string path, byte[] bytes)
    {
        using var zip = new ZipArchive(new MemoryStream(bytes), ZipArchiveMode.Read);
        var (left, buffer) = (MaxUnpacked, new byte[1 << 16]);
        foreach (var entry in zip.Entries)
        {
            var hash = new Crc32();
            using var stream = entry.Open();
            for (var read = 0; (read = stream.Read(buffer)) > 0;)
            {
                hash.Append(buffer.AsSpan(0, read));
                if ((left -= read) < 0)
                {
                    throw new ProblemException($"{path} is larger than 1 GB without compression; split it.");
                }
            }

            if (hash.GetCurrentHashAsUInt32() != entry.Crc32)
            {
                throw new InvalidDataException(entry.FullName);
            }
        }
    }

    private List<SheetTable> Sheets()
    {
        List<SheetTable> sheets = [];
        foreach (var sheet in _workbook.Workbook.Sheets!.Elements<Sheet>())
        {
            var name = sheet.Name!.Value!;
            if (SheetTemplate.IsHelp(name))
            {
                continue;
            }

            if (_workbook.GetPartById(sheet.Id!.Value!) is WorksheetPart part)
            {
                var table = Table(name, part);
                var isHidden = sheet.State is { } state && state.Value != SheetStateValues.Visible;
                sheets.Add(isHidden && table.Lines.Any(line => line.IsFilled)
                    ? new(name, [], [new(name, 1, "", "The sheet is hidden: show it, or delete it.")])
                    : table);
            }
            else if (SheetRows.KindOf(name) is not null)
            {
                // A chart under any other name holds no cells that somebody could miss.
                sheets.Add(new(name, [], [new(name, 1, "", "This is a chart, or something else without cells.")]));
            }
        }

        return sheets;
    }

    private SheetTable Table(string name, WorksheetPart part)
    {
        List<SheetLine> lines = [];
        List<SheetError> problems = [];
        HashSet<int> hidden = [];
        HashSet<int> rows = [];
        foreach (var element in Elements(part, typeof(Columns), typeof(Row), typeof(MergeCells)))
        {
            if (element is Columns columns)
            {
                hidden.UnionWith(columns.Elements<Column>().Where(IsHidden)
                    .SelectMany(one => Enumerable.Range((int)one.Min!.Value - 1, (int)(one.Max! - one.Min!) + 1)));
            }
            else if (element is Row row)
            {
                var line = Line(row, lines.Count == 0 ? 1 : lines[^1].Row + 1);
                lines.Add(rows.Add(line.Row) ? line : throw new InvalidDataException("A row stands twice."));
                if (row.Hidden?.Value == true && line.IsFilled)
                {
                    problems.Add(new(name, line.Row, "", "The row is hidden: show it, or delete it."));
                }
            }
            else if (element is MergeCells merged)
            {
                problems.AddRange(merged.Elements<MergeCell>()
                    .Select(range => Merged(name, lines, range.Reference!.Value!)).OfType<SheetError>());
            }
        }

        problems.AddRange(hidden.Order().Where(column => lines.Any(line => FilledAt(line, column)))
            .Select(column => new SheetError(
                name, 1, SheetRows.Letters(column), "The column is hidden: show it, or delete it.")));
        return new(name, lines, problems);
    }

    private static bool IsHidden(Column column) =>
        column.Hidden?.Value == true || (column.Width?.Value == 0 && column.CustomWidth?.Value == true);

    private static bool FilledAt(SheetLine line, int column) =>
        column < line.Cells.Count && line.Cells[column].IsFilled;

    /// <summary>
    /// The one value of a merged range is the writer's for all of it, and the file's for its first cell.
    /// </summary>
    private static SheetError? Merged(string name, List<SheetLine> lines, string range)
    {
        var (row, column) = Place(range.Split(':')[0]);
        return lines.Any(line => line.Row == row && FilledAt(line, column))
            ? new(name, row, SheetRows.Letters(column), $"The cells {range} are merged: part them, and fill in each.")
            : null;
    }

    private SheetLine Line(Row row, int next)
    {
        List<Cell> cells = [];
        var number = row.RowIndex?.Value is { } index ? checked((int)index) : next;
        foreach (var cell in row.Elements<DocumentFormat.OpenXml.Spreadsheet.Cell>())
        {
            var at = cell.CellReference?.Value is { } reference ? Place(reference).Column : cells.Count;
            if (at < cells.Count)
            {
                throw new InvalidDataException("A cell stands twice.");
            }

            while (cells.Count < at)
            {
                cells.Add(Cell.Empty);
            }

            cells.Add(Read(cell));
        }

        return new(number, cells);
    }

    private Cell Read(DocumentFormat.OpenXml.Spreadsheet.Cell cell)
    {
        var (type, formula) = (cell.DataType?.InnerText ?? "n", cell.CellFormula);
        var value = cell.CellValue?.Text;
        if (formula is not null && (value is null || (value.Length == 0 && type == "n")))
        {
            return new(CellKind.NoResult, "", "", formula.Text);
        }

        return type switch
        {
            "s" when value is not null => Cell.Text(_shared[int.Parse(value, CultureInfo.InvariantCulture)]),
            "inlineStr" => cell.InlineString is { } inline ? Cell.Text(TextOf(inline)) : Cell.Empty,
            _ when string.IsNullOrEmpty(value) => Cell.Empty,
            "str" => Cell.Text(Unescaped(value)),
            "b" => new(CellKind.Boolean, value is "1" or "true" ? "TRUE" : "FALSE"),
            "e" => new(CellKind.Error, value),
            "d" => IsoDate(value),
            "n" => Number(cell, value, formula?.Text ?? ""),
            _ => throw new InvalidDataException(type),
        };
    }

    private Cell Number(DocumentFormat.OpenXml.Spreadsheet.Cell cell, string value, string formula)
    {
        var style = cell.StyleIndex?.Value ?? 0;
        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return Cell.Bad("", $"The cell holds \"{value}\" as a number, which is none: type it again.");
        }

        if (_formats.IsDate(style))
        {
            return new(CellKind.Date, DateOf(number), _formats.Shown(style, number, value));
        }

        try
        {
            var shown = _formats.ShownFormatted(style, number);
            return new(CellKind.Number, value, shown ?? value, formula) { IsFormatted = shown is not null };
        }
        catch (FormatException unknown)
        {
            return Cell.Bad(
                "",
                $"The cell holds {value} in a number format that is not known ({unknown.Message}), so what it shows is "
                    + "not known either: choose another, such as 0.00.");
        }
    }

    /// <summary>Days since the system's first, and the time as a part of a day; empty where that is no date.</summary>
    private string DateOf(double serial)
    {
        var day = Math.Floor(serial);
        var first = _since1904 ? new DateTime(1904, 1, 1) : new DateTime(1899, 12, day < FirstRealDay ? 31 : 30);
        if (day is < 0 or > 2_900_000 || (!_since1904 && day is 0 or FirstRealDay - 1))
        {
            return "";
        }

        var time = first.AddDays(day).AddMilliseconds(Math.Round((serial - day) * 86_400_000));
        return Written(time);
    }

    private static Cell IsoDate(string value) =>
        DateTime.TryParseExact(
            value, ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ"],
            CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time)
            ? new(CellKind.Date, Written(time), value)
            : new(CellKind.Date, "", value);

    private static string Written(DateTime time) => time.ToString(
        time.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>What is written, without the readings above Japanese words.</summary>
    private static string TextOf(OpenXmlElement element) => Unescaped(string.Concat(
        element.ChildElements.Select(child => child switch
        {
            Text text => text.Text,
            Run run => run.Text?.Text ?? "",
            _ => "",
        })));

    /// <summary>Characters that XML cannot hold stand as _x000D_; ECMA-376, 22.4.2.4.</summary>
    private static string Unescaped(string text) => !text.Contains("_x", StringComparison.Ordinal)
        ? text
        : Escape().Replace(text, match => $"{(char)Convert.ToInt32(match.Groups[1].Value, 16)}");

    /// <summary>C2 is row 2, column 2 from 0.</summary>
    private static (int Row, int Column) Place(string reference)
    {
        var letters = reference.TakeWhile(char.IsAsciiLetterUpper).Count();
        var column = reference[..letters].Aggregate(0, (sum, letter) => checked((sum * 26) + letter - 'A' + 1));
        return letters is 0 or > 3
            ? throw new InvalidDataException(reference)
            : (int.Parse(reference[letters..], NumberStyles.None, CultureInfo.InvariantCulture), column - 1);
    }

    /// <summary>
    /// The elements of these kinds, one after the other: a sheet need not fit into memory as a whole.
    /// </summary>
    private static IEnumerable<OpenXmlElement> Elements(OpenXmlPart part, params Type[] types)
    {
        using var reader = OpenXmlReader.Create(part);
        while (reader.Read())
        {
            if (reader.IsStartElement && types.Contains(reader.ElementType))
            {
                yield return reader.LoadCurrentElement()!;
            }
        }
    }

    [GeneratedRegex("_x([0-9A-Fa-f]{4})_")]
    private static partial Regex Escape();
}
