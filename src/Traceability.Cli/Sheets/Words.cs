using Traceability.Domain.Writings;

namespace Traceability.Cli.Sheets;

/// <summary>What people write in cells, in the node's words. What is not known here goes on as it is.</summary>
internal static class Words
{
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["製造"] = "made",
        ["自社製造"] = "made",
        ["製品"] = "made",
        ["購入"] = "bought",
        ["調達"] = "bought",
    };

    /// <summary>Japanese counters, and the unit names of Ouranos (API 3.0).</summary>
    private static readonly Dictionary<string, string> Units = new(StringComparer.OrdinalIgnoreCase)
    {
        ["個"] = "piece",
        ["台"] = "piece",
        ["unit"] = "piece",
        ["キログラム"] = "kilogram",
        ["グラム"] = "gram",
        ["トン"] = "tonne",
        ["リットル"] = "liter",
        ["立方メートル"] = "cubic meter",
        ["平方メートル"] = "square meter",
        ["cubic-meter"] = "cubic meter",
        ["square-meter"] = "square meter",
        ["kilowatt-hour"] = "kilowatt hour",
        ["ton-kilometer"] = "ton kilometer",
    };

    public static string Kind(string text) =>
        Kinds.GetValueOrDefault(Writing.Plain(text), text.ToLowerInvariant());

    /// <summary>Units have characters of their own: ㎏ is kg, and ㍑ is リットル.</summary>
    public static string Unit(string text) => Writing.Plain(text).Trim() is var plain
        ? Units.GetValueOrDefault(plain, plain)
        : text;

    /// <summary>
    /// Full-width letters and digits as half-width ones: １２．５ is 12.5. No more than that: 5² is not 52.
    /// </summary>
    public static string HalfWidth(string text) => string.Concat(text.Select(letter => letter switch
    {
        >= '\uFF01' and <= '\uFF5E' => (char)(letter - '\uFF01' + '!'),
        '\u3000' => ' ',
        _ => letter,
    })).Trim();

    /// <summary>Whether two titles are the same, however they are written.</summary>
    public static bool Same(string one, string other) =>
        string.Equals(Writing.Plain(one).Trim(), Writing.Plain(other).Trim(), StringComparison.OrdinalIgnoreCase);
}
