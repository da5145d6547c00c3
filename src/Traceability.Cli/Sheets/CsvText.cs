using System.Text;

namespace Traceability.Cli.Sheets;

/// <summary>
/// Separated values (RFC 4180), read so that one bad field costs no other: it is named, and reading goes on behind it.
/// </summary>
internal sealed class CsvText
{
    private const string HowToQuote =
        "a field with quotes stands in quotes, and each quote in it is written twice, such as \"1/4\"\" bolt\".";

    private readonly string _text;
    private readonly char _delimiter;
    private int _at;

    private CsvText(string text, char delimiter) => (_text, _delimiter) = (text, delimiter);

    /// <summary>All rows; blank lines are rows, too, as spreadsheets count.</summary>
    public static IReadOnlyList<SheetLine> Read(string text, char delimiter) => [.. Lines(text, delimiter)];

    /// <summary>Row by row.</summary>
    public static IEnumerable<SheetLine> Lines(string text, char delimiter)
    {
        var csv = new CsvText(text, delimiter);
        for (var row = 1; csv._at < text.Length; row++)
        {
            yield return csv.Line(row);
        }
    }

    public static string Write(IEnumerable<Cell> cells) => string.Join(',', cells.Select(cell => Quoted(cell.Value)));

    private static string Quoted(string value) =>
        value.AsSpan().IndexOfAny(",\"\r\n") >= 0 || value != value.Trim()
            ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : value;

    private SheetLine Line(int row)
    {
        List<Cell> cells = [];
        while (true)
        {
            cells.Add(Field());
            if (_at < _text.Length && _text[_at] == _delimiter)
            {
                _at++;
                continue;
            }

            _at += _text.AsSpan(_at).StartsWith("\r\n") ? 2 : _at < _text.Length ? 1 : 0;
            return new(row, cells);
        }
    }

    private Cell Field()
    {
        var cell = _at < _text.Length && _text[_at] == '"' ? Quoted() : Cell.Text(Rest());
        return cell.Value.Contains('\0', StringComparison.Ordinal)
            ? Cell.Bad(
                cell.Value, "The cell holds NUL bytes: the file is damaged, or no text. Save it as CSV UTF-8 again.")
            : cell;
    }

    private Cell Quoted()
    {
        var start = _at;
        var value = new StringBuilder();
        for (_at++; _at < _text.Length; _at++)
        {
            if (_text[_at] != '"')
            {
                value.Append(_text[_at]);
            }
            else if (_at + 1 < _text.Length && _text[_at + 1] == '"')
            {
                value.Append('"');
                _at++;
            }
            else
            {
                _at++;
                return IsAtEnd
                    ? Cell.Text($"{value}")
                    : Cell.Bad($"{value}{Rest()}", $"Behind the closing quote stands more: {HowToQuote}");
            }
        }

        // The quote would swallow all rows below: only its own line is taken for what it opened.
        _at = start;
        return Cell.Bad(Rest(), $"The quote that opens here is never closed: {HowToQuote}");
    }

    private bool IsAtEnd => _at >= _text.Length || _text[_at] == _delimiter || _text[_at] is '\r' or '\n';

    private string Rest()
    {
        var start = _at;
        while (!IsAtEnd)
        {
            _at++;
        }

        return _text[start.._at];
    }
}
