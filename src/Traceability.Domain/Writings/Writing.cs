using System.Text;

namespace Traceability.Domain.Writings;

/// <summary>
/// The same text in another form of writing: composed and decomposed kana, full-width and half-width letters (Unicode
/// Standard Annex 15). Programs run without a library of cultures, which makes <see cref="string.Normalize()"/> do
/// nothing; so the tables are here, and every machine gives the same answer.
/// </summary>
public static class Writing
{
    /// <summary>Letters below change in no form that composes.</summary>
    private const char FirstThatComposes = '\u0300';

    private const int FirstSyllable = 0xAC00;
    private const int Syllables = 11172;
    private const int FirstLead = 0x1100;
    private const int FirstVowel = 0x1161;
    private const int FirstTail = 0x11A7;
    private const int Vowels = 21;
    private const int Tails = 28;

    private static readonly Lazy<Tables> All = new(Tables.Read);

    /// <summary>Normalization form C: how texts are kept and compared.</summary>
    public static string Composed(string text) =>
        text.AsSpan().IndexOfAnyInRange(FirstThatComposes, char.MaxValue) < 0
            ? text
            : Compose(Decompose(text, compatible: false));

    /// <summary>Normalization form KC: two keys that are equal in it look the same to a person.</summary>
    public static string Plain(string text) =>
        Ascii.IsValid(text) ? text : Compose(Decompose(text, compatible: true));

    /// <summary>As what people write is kept: composed, without blanks around.</summary>
    public static string Kept(string text) => Composed(text).Trim();

    /// <summary>Whether two texts are kept alike; what was stored before may be as it was written.</summary>
    public static bool Same(string? one, string? other) => Kept(one ?? "") == Kept(other ?? "");

    private static List<int> Decompose(string text, bool compatible)
    {
        List<int> points = [];
        for (var at = 0; at < text.Length; at++)
        {
            var pair = char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]);
            Add(pair ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at]);
            at += pair ? 1 : 0;
        }

        Order(points);
        return points;

        void Add(int point)
        {
            if (point is >= FirstSyllable and < FirstSyllable + Syllables)
            {
                var index = point - FirstSyllable;
                points.AddRange(
                    [FirstLead + (index / (Vowels * Tails)), FirstVowel + (index % (Vowels * Tails) / Tails)]);
                if (index % Tails > 0)
                {
                    points.Add(FirstTail + (index % Tails));
                }
            }
            else if (All.Value.Of(point, compatible) is { } parts)
            {
                parts.ToList().ForEach(Add);
            }
            else
            {
                points.Add(point);
            }
        }
    }

    /// <summary>Marks behind a letter stand in the order of their classes.</summary>
    private static void Order(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && All.Value.ClassOf(points[end]) > 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                int[] marks = [.. points.GetRange(start, end - start).OrderBy(All.Value.ClassOf)];
                points.RemoveRange(start, marks.Length);
                points.InsertRange(start, marks);
            }

            start = Math.Max(start, end);
        }
    }

    private static string Compose(List<int> points)
    {
        List<int> composed = [];
        var (starter, last) = (-1, 0);
        foreach (var point in points)
        {
            var mark = All.Value.ClassOf(point);
            // Nothing between may be of the same class or above it; between starters nothing at all.
            var free = starter >= 0 && (starter == composed.Count - 1 || (last > 0 && last < mark));
            if (free && All.Value.Pair(composed[starter], point) is { } whole)
            {
                composed[starter] = whole;
                continue;
            }

            if (mark == 0)
            {
                starter = composed.Count;
            }

            last = mark;
            composed.Add(point);
        }

        // A lonely half of a pair of surrogates is no character, and stays what it is.
        return string.Concat(composed.Select(point =>
            point is >= 0xD800 and <= 0xDFFF ? $"{(char)point}" : char.ConvertFromUtf32(point)));
    }

    private sealed class Tables
    {
        private readonly Dictionary<int, int> _classes = [];
        private readonly Dictionary<int, int[]> _canonical = [];
        private readonly Dictionary<int, int[]> _compatible = [];
        private readonly Dictionary<(int, int), int> _pairs = [];

        public static Tables Read()
        {
            var tables = new Tables();
            using var stream = typeof(Writing).Assembly.GetManifestResourceStream("unicode-14.txt")!;
            using var reader = new StreamReader(stream);
            while (reader.ReadLine() is { } line)
            {
                if (!line.StartsWith('#'))
                {
                    tables.Add(line.Split(' '));
                }
            }

            return tables;
        }

        public int ClassOf(int point) => _classes.GetValueOrDefault(point);

        public int[]? Of(int point, bool compatible) => _canonical.GetValueOrDefault(point)
            ?? (compatible ? _compatible.GetValueOrDefault(point) : null);

        public int? Pair(int first, int second)
        {
            if (first is >= FirstLead and < FirstLead + 19 && second is >= FirstVowel and < FirstVowel + Vowels)
            {
                return FirstSyllable + ((((first - FirstLead) * Vowels) + second - FirstVowel) * Tails);
            }

            var openSyllable = first is >= FirstSyllable and < FirstSyllable + Syllables
                && (first - FirstSyllable) % Tails == 0;
            return openSyllable && second is > FirstTail and < FirstTail + Tails ? first + second - FirstTail
                : _pairs.TryGetValue((first, second), out var whole) ? whole
                : null;
        }

        private void Add(string[] fields)
        {
            var (point, mark) = (Hex(fields[0]), int.Parse(fields[1], null));
            if (mark > 0)
            {
                _classes[point] = mark;
            }

            if (fields.Length > 2)
            {
                int[] parts = [.. fields[3..].Select(Hex)];
                (fields[2] == "~" ? _compatible : _canonical)[point] = parts;
                if (fields[2] == "=")
                {
                    _pairs[(parts[0], parts[1])] = point;
                }
            }
        }

        private static int Hex(string text) => Convert.ToInt32(text, 16);
    }
}
