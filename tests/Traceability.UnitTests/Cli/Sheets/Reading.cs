using System.Text;
using Traceability.Cli;
using Traceability.Cli.Sheets;
using Traceability.Tests;

namespace Traceability.UnitTests.Cli.Sheets;

/// <summary>Files of a test, read as the program reads them.</summary>
internal sealed class Reading : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    public static UTF8Encoding Utf8 { get; } = new(encoderShouldEmitUTF8Identifier: true);

    public static Encoding ShiftJis => CodePagesEncodingProvider.Instance.GetEncoding(932)!;

    public static SheetRows Of(RawWorkbook workbook, string name = "sheets.xlsx") => Of(workbook.ToBytes(), name);

    public static SheetRows Of(byte[] bytes, string name)
    {
        using var reading = new Reading();
        var path = Path.Combine(reading.Folder, name);
        File.WriteAllBytes(path, bytes);
        return SheetRows.Of(SheetFile.Read(path));
    }

    public static SheetRows Csv(string sheet, params string[] lines) =>
        Of([.. Utf8.GetPreamble(), .. Utf8.GetBytes(string.Join("\r\n", lines))], $"{sheet}.csv");

    public static string Refused(byte[] bytes, string name)
    {
        using var reading = new Reading();
        var path = Path.Combine(reading.Folder, name);
        File.WriteAllBytes(path, bytes);
        return Xunit.Assert.Throws<ProblemException>(() => SheetFile.Read(path)).Message;
    }

    /// <summary>Parts with one row below the titles.</summary>
    public static SheetRows Part(RawWorkbook workbook, string number, string name = "") => Of(workbook.Sheet(
        "parts",
        [
            [.. new[] { "part_number", "name", "kind", "unit" }.Select(RawWorkbook.Text)],
            [number, name.Length > 0 ? name : RawWorkbook.Text("a part"), RawWorkbook.Text("bought"), RawWorkbook.Text("piece")],
        ]));

    /// <summary>Lines with one row below the titles.</summary>
    public static SheetRows Line(RawWorkbook workbook, string amount) => Of(workbook.Sheet(
        "lines",
        [
            [.. new[] { "parent", "child", "amount", "unit" }.Select(RawWorkbook.Text)],
            [RawWorkbook.Text("P"), RawWorkbook.Text("C"), amount, RawWorkbook.Text("kg")],
        ]));

    /// <summary>A contribution with one row below the titles.</summary>
    public static SheetRows Day(RawWorkbook workbook, string day) => Of(workbook.Sheet(
        "contributions",
        [
            [.. new[] { "part", "main_production", "start_date", "end_date" }.Select(RawWorkbook.Text)],
            [RawWorkbook.Text("P"), RawWorkbook.Number("1"), day, RawWorkbook.Text("2026-12-31")],
        ]));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
