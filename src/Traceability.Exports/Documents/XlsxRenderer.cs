using System.IO.Compression;
using System.Text.RegularExpressions;
using MiniExcelLibs;
using Traceability.Exports.Rules;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Documents;

/// <summary>A document as a spreadsheet with one sheet. Figures are numbers, everything else is text.</summary>
public static partial class XlsxRenderer
{
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static byte[] Render(ExportReview review)
    {
        var rows = review.Shown.Select(shown =>
            Row(shown.Rule.Label, Cell(shown.Rule, shown.Value), shown.Rule.Unit ?? ""));
        using var bytes = new MemoryStream();
        bytes.SaveAs(review.Final ? rows : rows.Prepend(Row(Draft.Mark, "", "")), sheetName: "Footprint");
        return Settled(bytes.ToArray());
    }

    private static Dictionary<string, object> Row(string field, object value, string unit) =>
        new() { ["field"] = field, ["value"] = value, ["unit"] = unit };

    private static object Cell(FieldRule rule, ExportValue value) =>
        value is Number(var number) && rule.Form == Form.AsItIs ? number : $"{value}";

    /// <summary>The same input gives the same bytes: neither times nor ids by chance.</summary>
    private static byte[] Settled(byte[] file)
    {
        using var result = new MemoryStream();
        using (var from = new ZipArchive(new MemoryStream(file), ZipArchiveMode.Read))
        using (var to = new ZipArchive(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            Dictionary<string, string> ids = [];
            foreach (var entry in from.Entries.OrderBy(entry => entry.FullName, StringComparer.Ordinal))
            {
                var copy = to.CreateEntry(entry.FullName);
                copy.LastWriteTime = NoTime;
                using var reader = new StreamReader(entry.Open());
                using var writer = new StreamWriter(copy.Open());
                writer.Write(ChanceId().Replace(reader.ReadToEnd(), match =>
                {
                    ids.TryAdd(match.Value, $"R{ids.Count + 1}");
                    return ids[match.Value];
                }));
            }
        }

        return result.ToArray();
    }

    [GeneratedRegex("(?<=\")R[0-9a-f]{16,32}(?=\")")]
    private static partial Regex ChanceId();
}
