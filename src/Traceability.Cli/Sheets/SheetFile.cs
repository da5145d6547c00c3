using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using MiniExcelLibs;

namespace Traceability.Cli.Sheets;

/// <summary>A sheet as it was written: cells by row and column, both from 0.</summary>
internal sealed record SheetText(string Name, IReadOnlyList<IReadOnlyList<string>> Rows, IReadOnlyList<int> RowNumbers);

/// <summary>Reads and writes workbooks (.xlsx), CSV files, and folders of CSV files.</summary>
internal static class SheetFile
{
    /// <summary>
    /// A spreadsheet keeps this many digits of a number; more are written as text, so that none is lost.
    /// </summary>
    private const int SpreadsheetDigits = 15;

    /// <summary>A hundred thousand rows are some 20 MB.</summary>
    private const long MaxBytes = 200 * 1024 * 1024;

    public static IReadOnlyList<SheetText> Read(string path) => Directory.Exists(path)
        ? [.. Directory.EnumerateFiles(path, "*.csv").Order(StringComparer.Ordinal).Select(ReadCsv)]
        : !File.Exists(path) ? throw new ProblemException($"There is no file {path}.")
        : new FileInfo(path).Length > MaxBytes ? throw new ProblemException($"{path} is larger than 200 MB; split it.")
        : IsWorkbook(path) ? ReadWorkbook(path)
        : [ReadCsv(path)];

    public static void Write(string path, IReadOnlyList<SheetText> sheets)
    {
        if (IsWorkbook(path))
        {
            WriteWorkbook(path, sheets);
            return;
        }

        Directory.CreateDirectory(path);
        foreach (var sheet in sheets)
        {
            // With a byte order mark spreadsheets read Japanese as it is meant.
            var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: true);
            using var writer = new StreamWriter(Path.Combine(path, $"{sheet.Name}.csv"), append: false, utf8);
            using var csv = new CsvWriter(writer, CultureInfo.InvariantCulture);
            foreach (var row in sheet.Rows)
            {
                row.ToList().ForEach(csv.WriteField);
                csv.NextRecord();
            }
        }
    }

    private static bool IsWorkbook(string path) =>
        path.EndsWith(".xlsx", StringComparison.OrdinalIgnoreCase);

    private static List<SheetText> ReadWorkbook(string path)
    {
        try
        {
            return [.. MiniExcel.GetSheetNames(path).Select(name =>
            {
                var rows = MiniExcel.Query(path, useHeaderRow: false, sheetName: name)
                    .Select(row => ((IDictionary<string, object?>)row).Values.Select(Cell).ToArray()).ToArray();
                return new SheetText(name, rows, [.. Enumerable.Range(1, rows.Length)]);
            })];
        }
        catch (Exception exception) when (
            exception is InvalidDataException or System.Xml.XmlException or FormatException)
        {
            throw new ProblemException($"{path} is not a workbook that can be read; save it as .xlsx again.");
        }
    }

    private static string Cell(object? value) => value switch
    {
        null => "",
        DateTime time => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        // A spreadsheet keeps numbers in binary; 15 digits are what the person typed.
        double number when Math.Abs(number) < 1e28 =>
            ((decimal)number).ToString("0.############################", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static SheetText ReadCsv(string path)
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            DetectDelimiter = true,
            DetectDelimiterValues = [",", ";", "\t"],
            IgnoreBlankLines = false,
        };
        using var reader = new StringReader(Decode(File.ReadAllBytes(path)));
        using var parser = new CsvParser(reader, configuration);
        List<IReadOnlyList<string>> rows = [];
        List<int> numbers = [];
        while (parser.Read())
        {
            rows.Add(parser.Record ?? []);
            numbers.Add(parser.Row);
        }

        return new(Path.GetFileNameWithoutExtension(path), rows, numbers);
    }

    /// <summary>UTF-8, or what Japanese spreadsheets save as CSV.</summary>
    private static string Decode(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            return Encoding.GetEncoding("shift_jis").GetString(bytes);
        }
    }

    private static void WriteWorkbook(string path, IReadOnlyList<SheetText> sheets)
    {
        File.Delete(path);
        MiniExcel.SaveAs(path, sheets.ToDictionary(sheet => sheet.Name, object (sheet) => Table(sheet)));
    }

    private static System.Data.DataTable Table(SheetText sheet)
    {
        var table = new System.Data.DataTable { Locale = CultureInfo.InvariantCulture };
        foreach (var title in sheet.Rows[0])
        {
            table.Columns.Add(title, typeof(object));
        }

        foreach (var row in sheet.Rows.Skip(1))
        {
            table.Rows.Add([.. row.Select(Value)]);
        }

        return table;
    }

    private static object? Value(string cell) =>
        decimal.TryParse(cell, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && cell.Count(char.IsAsciiDigit) <= SpreadsheetDigits
        && number.ToString("0.############################", CultureInfo.InvariantCulture) == cell
            ? number
            : cell.Length == 0 ? null : cell;
}
