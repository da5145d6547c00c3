using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Spreadsheet;

namespace Traceability.Cli.Sheets;

/// <summary>
/// Writes workbooks in which every column but those of amounts is text, whatever is typed into it later.
/// </summary>
internal static partial class WorkbookWriter
{
    /// <summary>The built-in format for text.</summary>
    private const uint TextFormat = 49;

    private const uint TextStyle = 1;
    private const double Width = 18;

    public static void Write(string path, IReadOnlyList<SheetTable> sheets)
    {
        using var document = SpreadsheetDocument.Create(path, SpreadsheetDocumentType.Workbook);
        var workbook = document.AddWorkbookPart();
        var styles = workbook.AddNewPart<WorkbookStylesPart>();
        styles.Stylesheet = Styles();
        styles.Stylesheet.Save();
        var list = new DocumentFormat.OpenXml.Spreadsheet.Sheets();
        foreach (var (index, sheet) in sheets.Index())
        {
            var part = workbook.AddNewPart<WorksheetPart>();
            Write(part, sheet);
            list.AppendChild(new Sheet
            {
                Name = sheet.Name,
                SheetId = (uint)index + 1,
                Id = workbook.GetIdOfPart(part),
            });
        }

        workbook.Workbook = new Workbook(list);
        workbook.Workbook.Save();
    }

    private static Stylesheet Styles() => new(
        new Fonts(new Font()),
        new Fills(
            new Fill(new PatternFill { PatternType = PatternValues.None }),
            new Fill(new PatternFill { PatternType = PatternValues.Gray125 })),
        new Borders(new Border()),
        new CellStyleFormats(new CellFormat()),
        new CellFormats(new CellFormat(), new CellFormat { NumberFormatId = TextFormat, ApplyNumberFormat = true }));

    private static void Write(WorksheetPart part, SheetTable sheet)
    {
        var kind = SheetRows.KindOf(sheet.Name);
        using var writer = OpenXmlWriter.Create(part);
        writer.WriteStartElement(new Worksheet());
        writer.WriteElement(new Columns(sheet.Lines[0].Cells.Select((_, index) => new Column
        {
            Min = (uint)index + 1,
            Max = (uint)index + 1,
            Width = Width,
            CustomWidth = true,
            Style = kind?.Columns[index].Content == Content.Amount ? 0 : TextStyle,
        })));
        writer.WriteStartElement(new SheetData());
        foreach (var line in sheet.Lines)
        {
            writer.WriteElement(new Row(line.Cells.Index().Where(cell => cell.Item.IsFilled)
                .Select(cell => Of(cell.Item, $"{SheetRows.Letters(cell.Index)}{line.Row}")))
            {
                RowIndex = (uint)line.Row,
            });
        }

        writer.WriteEndElement();
        writer.WriteEndElement();
    }

    private static DocumentFormat.OpenXml.Spreadsheet.Cell Of(Cell cell, string place) => cell.Kind == CellKind.Number
        ? new() { CellReference = place, CellValue = new(cell.Value) }
        : new()
        {
            CellReference = place,
            DataType = CellValues.InlineString,
            StyleIndex = TextStyle,
            InlineString = new(new Text(Escaped(cell.Value)) { Space = SpaceProcessingModeValues.Preserve }),
        };

    /// <summary>What XML cannot hold, and what would be read as such.</summary>
    private static string Escaped(string text) => string.Concat(
        Escape().Replace(text, match => $"_x005F{match.Value}").Select((letter, index) =>
            XmlConvert.IsXmlChar(letter) && letter != '\r' || char.IsSurrogate(letter)
                ? $"{letter}"
                : string.Create(CultureInfo.InvariantCulture, $"_x{(int)letter:X4}_")));

    [GeneratedRegex("_(?=x[0-9A-Fa-f]{4}_)")]
    private static partial Regex Escape();
}
