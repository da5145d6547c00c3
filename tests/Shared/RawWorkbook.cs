using System.IO.Compression;
using System.Security;
using System.Text;

namespace Traceability.Tests;

/// <summary>A workbook written part by part, so that a test says what stands in each cell, whatever program would.</summary>
internal sealed class RawWorkbook
{
    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

    private readonly List<(string Name, string Kind, string State, string Xml)> _sheets = [];
    private readonly List<(uint Id, string Code)> _styles = [(0, "")];
    private readonly List<string> _shared = [];

    public bool Since1904 { get; init; }

    /// <summary>The number of a style with a format.</summary>
    public int Style(uint id, string code = "")
    {
        _styles.Add((id, code));
        return _styles.Count - 1;
    }

    public int Style(string code) => Style(164 + (uint)_styles.Count, code);

    public static string Text(string text) =>
        $"t=\"inlineStr\"><is><t xml:space=\"preserve\">{SecurityElement.Escape(text)}</t></is>";

    /// <summary>Text as most programs keep it, with the reading above it that Japanese words have.</summary>
    public string Shared(string text, string reading = "")
    {
        _shared.Add($"<si><r><t>{SecurityElement.Escape(text[..1])}</t></r><r><t xml:space=\"preserve\">"
            + $"{SecurityElement.Escape(text[1..])}</t></r>"
            + (reading.Length > 0 ? $"<rPh sb=\"0\" eb=\"1\"><t>{reading}</t></rPh>" : "") + "</si>");
        return $"t=\"s\"><v>{_shared.Count - 1}</v>";
    }

    public static string Number(string digits, int style = 0) => $"s=\"{style}\"><v>{digits}</v>";

    public static string Formula(string formula, string? result, string type = "n") =>
        $"t=\"{type}\"><f>{SecurityElement.Escape(formula)}</f>{(result is null ? "" : $"<v>{SecurityElement.Escape(result)}</v>")}";

    public static string Of(string type, string value) => $"t=\"{type}\"><v>{SecurityElement.Escape(value)}</v>";

    public RawWorkbook Sheet(
        string name, IEnumerable<string[]> rows, string state = "visible", string before = "", string behind = "",
        params int[] hiddenRows)
    {
        var xml = string.Concat(rows.Select((cells, row) =>
            $"<row r=\"{row + 1}\"{(hiddenRows.Contains(row + 1) ? " hidden=\"1\"" : "")}>"
            + string.Concat(cells.Select((cell, column) => cell.Length == 0
                ? ""
                : $"<c r=\"{(char)('A' + column)}{row + 1}\" {cell}</c>")) + "</row>"));
        _sheets.Add((name, "worksheet", state, $"<worksheet xmlns=\"{Main}\">{before}<sheetData>{xml}</sheetData>{behind}</worksheet>"));
        return this;
    }

    public RawWorkbook Chart(string name)
    {
        _sheets.Add((name, "chartsheet", "visible", $"<chartsheet xmlns=\"{Main}\"><sheetViews><sheetView workbookViewId=\"0\"/></sheetViews></chartsheet>"));
        return this;
    }

    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "[Content_Types].xml", $"<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
                + "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
                + Override("/xl/workbook.xml", "sheet.main") + Override("/xl/styles.xml", "styles")
                + Override("/xl/sharedStrings.xml", "sharedStrings")
                + string.Concat(_sheets.Select((sheet, index) => Override($"/xl/sheets/{index}.xml", sheet.Kind))) + "</Types>");
            Add(zip, "_rels/.rels", Links([("a", "officeDocument", "xl/workbook.xml")]));
            Add(zip, "xl/_rels/workbook.xml.rels", Links(
            [
                ("styles", "styles", "styles.xml"), ("shared", "sharedStrings", "sharedStrings.xml"),
                .. _sheets.Select((sheet, index) => ($"s{index}", sheet.Kind, $"sheets/{index}.xml")),
            ]));
            Add(zip, "xl/workbook.xml", $"<workbook xmlns=\"{Main}\" xmlns:r=\"{Relations}\">"
                + $"<workbookPr{(Since1904 ? " date1904=\"1\"" : "")}/><sheets>"
                + string.Concat(_sheets.Select((sheet, index) =>
                    $"<sheet name=\"{SecurityElement.Escape(sheet.Name)}\" sheetId=\"{index + 1}\" state=\"{sheet.State}\" r:id=\"s{index}\"/>"))
                + "</sheets></workbook>");
            Add(zip, "xl/sharedStrings.xml", $"<sst xmlns=\"{Main}\">{string.Concat(_shared)}</sst>");
            var codes = string.Concat(_styles.Where(style => style.Code.Length > 0).Select(style =>
                $"<numFmt numFmtId=\"{style.Id}\" formatCode=\"{SecurityElement.Escape(style.Code)}\"/>"));
            Add(zip, "xl/styles.xml", $"<styleSheet xmlns=\"{Main}\">{(codes.Length > 0 ? $"<numFmts>{codes}</numFmts>" : "")}<cellXfs>"
                + string.Concat(_styles.Select(style => $"<xf numFmtId=\"{style.Id}\" applyNumberFormat=\"1\"/>"))
                + "</cellXfs></styleSheet>");
            foreach (var (index, sheet) in _sheets.Index())
            {
                Add(zip, $"xl/sheets/{index}.xml", sheet.Xml);
            }
        }

        return bytes.ToArray();
    }

    private static string Override(string part, string kind) =>
        $"<Override PartName=\"{part}\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml\"/>";

    private static string Links(IEnumerable<(string Id, string Kind, string Target)> links) =>
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
        + string.Concat(links.Select(link =>
            $"<Relationship Id=\"{link.Id}\" Type=\"{Relations}/{link.Kind}\" Target=\"{link.Target}\"/>"))
        + "</Relationships>";

    private static void Add(ZipArchive zip, string name, string xml)
    {
        using var writer = new StreamWriter(zip.CreateEntry(name).Open(), new UTF8Encoding(false));
        writer.Write($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>{xml}");
    }
}
