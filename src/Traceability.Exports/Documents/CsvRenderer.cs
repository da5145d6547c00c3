using System.Text;
using Traceability.Exports.Rules;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Documents;

/// <summary>A document as a table: label, value, unit. Comma separated (RFC 4180), in UTF-8.</summary>
public static class CsvRenderer
{
    public static byte[] Render(ExportReview review) => Encoding.UTF8.GetBytes(string.Concat(
        [
            .. review.Final ? [] : new[] { Row(Quoted(Draft.Mark), "", "") },
            Row("field", "value", "unit"),
            .. review.Shown.Select(shown =>
                Row(Quoted(shown.Rule.Label), Cell(shown.Value), Quoted(shown.Rule.Unit ?? ""))),
        ]));

    private static string Row(string field, string value, string unit) => $"{field},{value},{unit}\r\n";

    private static string Cell(ExportValue value) => value is Number ? $"{value}" : Quoted($"{value}");

    /// <summary>A text that a spreadsheet would take for a formula is kept a text.</summary>
    private static string Quoted(string text)
    {
        var safe = text.Length > 0 && "=+@-".Contains(text[0]) ? $"'{text}" : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0
            ? safe
            : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
