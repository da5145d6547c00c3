using System.Net;
using System.Text;
using Traceability.Exports.Rules;

namespace Traceability.Exports.Documents;

/// <summary>A document as a page to read and print: no script, no picture, no other file.</summary>
public static class HtmlRenderer
{
    private const string Style = """
        body { font: 11pt/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
            color: #1a1a1a }
        h1 { font-size: 1.4rem; margin-bottom: .2rem } p.source { color: #555; margin-top: 0 }
        table { border-collapse: collapse; width: 100% }
        th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #ccc }
        th { width: 45%; font-weight: 600 } td { font-variant-numeric: tabular-nums } tr { break-inside: avoid }
        td.draft { position: sticky; top: 0; background: #b00020; color: #fff; text-align: center; font-weight: 700;
            padding: .3rem; print-color-adjust: exact } .missing { color: #b00020 }
        @media print { body { margin: 0; max-width: none } }
        """;

    public static byte[] Render(ExportReview review)
    {
        var model = review.Input.Facts.GetValueOrDefault("product.model", "a battery");
        var title = $"Carbon footprint declaration: {model}";
        var page = new StringBuilder("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.Append($"<title>{Text(title)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n");
        page.Append($"<h1>{Text(title)}</h1>\n<p class=\"source\">{Text(review.Table.Source)}</p>\n<table>\n");
        if (!review.Final)
        {
            // The head of a table stays in sight, and a printer repeats it on every page.
            page.Append($"<thead><tr><td colspan=\"2\" class=\"draft\">{Draft.Mark}</td></tr></thead>\n");
        }

        foreach (var field in review.Fields.Where(field => field.Value is not null || field.Problem is not null))
        {
            page.Append($"<tr><th scope=\"row\">{Text(field.Rule.Label)}</th>{Cell(field)}</tr>\n");
        }

        return Encoding.UTF8.GetBytes(page.Append("</table>\n</body>\n</html>\n").ToString());
    }

    private static string Cell(ReviewedField field) =>
        field.Problem is { } problem ? $"<td class=\"missing\">{Text(problem)} ({Text(field.Who ?? "")})</td>"
        : $"<td>{Text($"{field.Value} {field.Rule.Unit}".TrimEnd())}</td>";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
