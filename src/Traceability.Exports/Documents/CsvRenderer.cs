using System.Text;
using Traceability.Domain.Quantities;
using Traceability.Exports.Rules;

namespace Traceability.Exports.Documents;

/// <summary>A document as a table: label, value, unit. Comma separated (RFC 4180), in UTF-8.</summary>
public static class CsvRenderer
{
    public static byte[] Render(ExportReview review) => Encoding.UTF8.GetBytes(
        string.Concat(Rows(review).Select(row => $"{string.Join(',', row.Select(Quoted))}\r\n")));

    private static IReadOnlyList<string[]> Rows(ExportReview review) =>
    [
        .. review.Final ? [] : new[] { new[] { Draft.Mark, "", "" } },
        ["field", "value", "unit"],
        .. review.Fields.Where(field => field.Value is not null)
            .Select(field => new[] { field.Rule.Label, field.Value!, field.Rule.Unit ?? "" }),
    ];

    /// <summary>A text that a spreadsheet would take for a formula is kept a text.</summary>
    private static string Quoted(string text)
    {
        var isNumber = Amount.TryParse(text, out _);
        var safe = text.Length > 0 && "=+@-".Contains(text[0]) && !isNumber ? $"'{text}" : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0
            ? safe
            : $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
