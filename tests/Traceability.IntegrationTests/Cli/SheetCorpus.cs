using System.Text;
using Traceability.Tests;
using static Traceability.Tests.RawWorkbook;

namespace Traceability.IntegrationTests.Cli;

/// <summary>A file as people send it, and what must be stored of it.</summary>
/// <param name="Name">Of the file.</param>
/// <param name="Bytes">The file.</param>
/// <param name="Stored">Its parts, lines and contributions, one text each; null: nothing of it.</param>
/// <param name="IsDamaged">Whether bytes of it were changed: then nothing or just that may be stored.</param>
internal sealed record CorpusFile(string Name, byte[] Bytes, IReadOnlyList<string>? Stored, bool IsDamaged)
{
    private static readonly string[] Words = ["bolt", "1/4\" bolt", "正極材", "ガスケット", "カ\u3099スケット", "é", "a,b", "=x", "0123", "ﾎﾞﾙﾄ"];
    private static readonly string[] English = ["part_number", "name", "kind", "unit"];
    private static readonly string[] Japanese = ["品番", "名称", "製造・購入", "単位"];

    /// <summary>A sheet of contributions needs its parts, so every file is a workbook or one sheet of parts.</summary>
    public static CorpusFile Of(int seed)
    {
        var random = new Random(seed);
        var file = random.Next(2) == 0 ? Workbook(seed, random) : Csv(seed, random);
        if (random.Next(4) > 0)
        {
            return file;
        }

        byte[] bytes = [.. file.Bytes];
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
        }

        return file with { Bytes = random.Next(5) == 0 ? bytes[..random.Next(bytes.Length)] : bytes, IsDamaged = true };
    }

    private static CorpusFile Csv(int seed, Random random)
    {
        var (isJapanese, delimiter) = (random.Next(2) == 0, ",;\t"[random.Next(3)]);
        List<string[]> rows = [[.. isJapanese ? Japanese : English]];
        List<string> stored = [];
        for (var part = 0; part < random.Next(1, 6); part++)
        {
            var (number, name) = ($"K{seed}-{part}", Words[random.Next(Words.Length)]);
            rows.Add([number, name, random.Next(2) == 0 ? "bought" : "購入", "kg"]);
            stored.Add(Part(number, name, "bought", "kilogram"));
        }

        var isWrong = random.Next(3) == 0;
        if (isWrong)
        {
            Spoil(random.Next(6), rows, seed);
        }

        var text = string.Join(
            random.Next(2) == 0 ? "\r\n" : "\n",
            rows.Select(row => string.Join(delimiter, row.Select(cell => Quoted(cell, delimiter)))));
        byte[] bytes = random.Next(4) switch
        {
            0 => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(text)],
            1 => [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(text)],
            _ => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text)],
        };
        // Where Japanese titles say so, Shift_JIS is read; letters that it lacks would be lost by who saved it.
        var japanese = CodePagesEncodingProvider.Instance.GetEncoding(932)!;
        if (isJapanese && random.Next(2) == 0 && japanese.GetString(japanese.GetBytes(text)) == text)
        {
            bytes = japanese.GetBytes(text);
        }

        return new(isJapanese ? "部品.csv" : "parts.csv", bytes, isWrong ? null : stored, false);
    }

    private static void Spoil(int fault, List<string[]> rows, int seed)
    {
        switch (fault)
        {
            case 0: rows.Add([$"K{seed}-s", "n", "bought", "kg", "surplus"]); break;
            case 1: rows.Add([$"K{seed}-0", "the same again", "bought", "kg"]); break;
            case 2: rows.Add([$"Ｋ{seed}-0", "looks the same", "bought", "kg"]); break;
            case 3: rows[0] = [.. rows[0], "名称"]; break;
            case 4: rows.Add([$"K{seed}-s", "n", "bought", "stone"]); break;
            default: rows.Add([$"K{seed}-s\u200B", "n", "bought", "kg"]); break;
        }
    }

    private static CorpusFile Workbook(int seed, Random random)
    {
        var book = new RawWorkbook { Since1904 = random.Next(2) == 0 };
        var (isJapanese, first) = (random.Next(2) == 0, book.Since1904 ? 44561 : 46023);
        string[] numbers = [.. Enumerable.Range(0, random.Next(1, 5)).Select(part => $"K{seed}-{part}")];
        string[] names = [.. numbers.Select(_ => Words[random.Next(Words.Length)])];
        var amount = $"{random.Next(1, 1000)}.{random.Next(1, 10)}";
        var date = new[] { book.Style(14), book.Style(30), book.Style("[$-411]ge.m.d"), book.Style("d.m.yyyy") }[random.Next(4)];
        List<string[]> parts =
        [
            [.. (isJapanese ? Japanese : English).Select(Text)],
            .. numbers.Select((number, index) => new[]
            {
                random.Next(2) == 0 ? Text(number) : book.Shared(number), book.Shared(names[index], "ヨミ"),
                Formula("A1", "made", "str"), Text("㎏"),
            }),
        ];
        List<string[]> contributions =
        [
            [Text("part"), Text("main_production"), Text("start_date"), Text("end_date"), Text("source")],
            .. numbers.Select(number => new[]
            {
                Text(number), random.Next(2) == 0 ? Number(amount) : Formula("A1*2", $"{amount}{new string('0', 17 - amount.Length)}1"),
                Number($"{first}", date), random.Next(2) == 0 ? Text("2026/12/31") : Number($"{first + 364}", date), Text("meter"),
            }),
        ];
        string[] stored =
        [
            .. numbers.Select((number, index) => Part(number, names[index], "made", "kilogram")),
            .. numbers.Select(number => $"{number} {amount} 2026-01-01 2026-12-31 meter"),
        ];
        var (state, behind, hidden) = ("visible", "", Array.Empty<int>());
        var isWrong = random.Next(2) == 0;
        if (isWrong)
        {
            switch (random.Next(12))
            {
                case 0: parts[1][0] = Number("123", book.Style("0000000")); break;
                case 1: parts[1][0] = Number("46054", book.Style(16)); break;
                case 2: parts[1][1] = RawWorkbook.Of("e", "#N/A"); break;
                case 3: contributions[1][1] = Formula("3*4", null); break;
                case 4: contributions[1][1] = Formula("1/3", "0.33333333333333331"); break;
                case 5: contributions[1][2] = Text("31/12/2026"); break;
                case 6: contributions[1][2] = Number($"{first}.5", date); break;
                case 7: hidden = [2]; break;
                case 8: state = "hidden"; break;
                case 9: behind = "<mergeCells><mergeCell ref=\"A2:A3\"/></mergeCells>"; break;
                case 10: contributions[1] = [.. contributions[1], Text("under no title")]; break;
                default: contributions[1][1] = RawWorkbook.Of("b", "1"); break;
            }
        }

        book.Sheet("parts", parts, hiddenRows: hidden, behind: behind).Sheet("contributions", contributions, state);
        return new("sheets.xlsx", book.ToBytes(), isWrong ? null : stored, false);
    }

    public static string Part(string number, string name, string kind, string unit) =>
        $"{number} {name.Replace("カ\u3099", "ガ", StringComparison.Ordinal)} {kind} {unit}";

    private static string Quoted(string cell, char delimiter) => cell.Contains(delimiter, StringComparison.Ordinal)
        ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : cell;
}
