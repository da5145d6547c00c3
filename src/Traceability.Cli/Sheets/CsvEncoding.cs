using System.Text;

namespace Traceability.Cli.Sheets;

/// <summary>The text of a file whose encoding nobody wrote down; never guessed in silence.</summary>
/// <param name="Text">What it says; empty where there is a problem.</param>
/// <param name="Problem">Why it cannot be told; null where it can.</param>
internal sealed record CsvEncoding(string Text, string? Problem = null)
{
    private const string Way = "Save it as \"CSV UTF-8\".";

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Longest first: the mark of UTF-32 begins as that of UTF-16 does.</summary>
    private static readonly (byte[] Mark, Encoding Encoding)[] Marks =
    [
        ([0xFF, 0xFE, 0, 0], new UTF32Encoding(false, true, throwOnInvalidCharacters: true)),
        ([0xEF, 0xBB, 0xBF], Utf8),
        ([0xFF, 0xFE], new UnicodeEncoding(false, true, throwOnInvalidBytes: true)),
        ([0xFE, 0xFF], new UnicodeEncoding(true, true, throwOnInvalidBytes: true)),
    ];

    private static Encoding ShiftJis
    {
        get
        {
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            return Encoding.GetEncoding(932, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
    }

    /// <param name="bytes">The file.</param>
    /// <param name="known">How many titles of a text are known: where only one reading has titles, it is meant.</param>
    public static CsvEncoding Read(byte[] bytes, Func<string, int> known)
    {
        foreach (var (mark, encoding) in Marks.Where(one => bytes.AsSpan().StartsWith(one.Mark)))
        {
            return Decode(encoding, bytes.AsSpan(mark.Length)) is { } marked
                ? new(marked)
                : new("", $"The file begins as {encoding.WebName} and is no valid text of it: it is damaged. {Way}");
        }

        if (IsUnmarkedUtf16(bytes))
        {
            return new("", $"The file looks like UTF-16 without the mark that says so. {Way}");
        }

        return (Decode(Utf8, bytes), Japanese(bytes)) switch
        {
            (null, null) => new(
                "", $"The file is neither UTF-8 nor Shift_JIS: it is damaged, or in another encoding. {Way}"),
            (null, { } japanese) => LooksLikeUtf8(bytes) && known(japanese) == 0
                ? new("", $"The file is UTF-8 for the most part, and no valid text of it: it is damaged. {Way}")
                : new(japanese),
            ({ } utf8, null) => new(utf8),
            ({ } utf8, { } japanese) when utf8 == japanese => new(utf8),
            ({ } utf8, { } japanese) => Decide(utf8, japanese, known(utf8) - known(japanese)),
        };
    }

    /// <summary>
    /// Pairs of half-width kana are letters of Europe in UTF-8, and nobody can tell. Three bytes that are one kana or
    /// kanji in UTF-8 would be a rare kanji at the start of each word in Shift_JIS, with half a character behind it.
    /// </summary>
    private static CsvEncoding Decide(string utf8, string japanese, int titles) =>
        titles != 0 ? new(titles > 0 ? utf8 : japanese)
        : utf8.Any(letter => letter >= '\u0800') ? new(utf8)
        : new(
            "",
            $"\"{Sample(utf8)}\" in UTF-8 is \"{Sample(japanese)}\" in Shift_JIS, and the file does not say which. "
                + Way);

    private static string Sample(string text)
    {
        var start = text.AsSpan().IndexOfAnyExceptInRange('\0', '\u007F');
        var end = start;
        while (end < text.Length && text[end] > '\u007F')
        {
            end++;
        }

        return text[start..end];
    }

    private static string? Decode(Encoding encoding, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return encoding.GetString(bytes);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Bytes that Shift_JIS does not assign come as control characters or characters of private use.</summary>
    private static string? Japanese(byte[] bytes) => Decode(ShiftJis, bytes) is { } text
        && !text.Any(letter => letter is >= '\u0080' and <= '\u00A0' or >= '\uE000' and <= '\uF8FF')
            ? text
            : null;

    /// <summary>Letters of Europe and digits have a zero byte each; of a text in UTF-8 none has.</summary>
    private static bool IsUnmarkedUtf16(byte[] bytes) =>
        bytes.Length >= 4 && bytes.Length % 2 == 0
        && Math.Max(Zeros(bytes, 0), Zeros(bytes, 1)) > bytes.Length / 4;

    private static int Zeros(byte[] bytes, int from)
    {
        var zeros = 0;
        for (var at = from; at < bytes.Length; at += 2)
        {
            zeros += bytes[at] == 0 ? 1 : 0;
        }

        return zeros;
    }

    /// <summary>Most words begin with a byte that begins a character of UTF-8: few of Shift_JIS do.</summary>
    private static bool LooksLikeUtf8(byte[] bytes)
    {
        var (utf8, other) = (0, 0);
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] >= 0x80 && (at == 0 || bytes[at - 1] < 0x80))
            {
                (utf8, other) = bytes[at] is >= 0xE3 and <= 0xE9 ? (utf8 + 1, other) : (utf8, other + 1);
            }
        }

        return utf8 > other;
    }
}
