using System.Text;

namespace Traceability.Cli.Sheets;

/// <summary>Reads and writes workbooks (.xlsx), CSV files, and folders of CSV files.</summary>
internal static class SheetFile
{
    /// <summary>A hundred thousand rows are some 20 MB.</summary>
    private const long MaxBytes = 200 * 1024 * 1024;

    private static readonly char[] Delimiters = [',', ';', '\t'];

    /// <summary>Read as workbooks; macros are never run.</summary>
    private static readonly string[] Workbooks = [".xlsx", ".xlsm", ".xltx", ".xltm"];

    private static readonly string[] Others = [".xls", ".xlsb", ".ods", ".numbers"];

    public static IReadOnlyList<SheetTable> Read(string path)
    {
        if (Directory.Exists(path))
        {
            return ReadFolder(path);
        }

        if (!File.Exists(path))
        {
            throw new ProblemException($"There is no file {path}.");
        }

        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new ProblemException($"{path} is larger than 200 MB; split it.");
        }

        return Ends(path, Others) ? throw new ProblemException(
                $"{path} is of a kind that is not read: open it in a spreadsheet program and save it as .xlsx.")
            : Ends(path, Workbooks) ? WorkbookReader.Read(path)
            : [ReadCsv(path)];
    }

    public static void Write(string path, IReadOnlyList<SheetTable> sheets)
    {
        if (Ends(path, ".xlsx"))
        {
            WorkbookWriter.Write(path, sheets);
            return;
        }

        Directory.CreateDirectory(path);
        foreach (var sheet in sheets)
        {
            // With a byte order mark spreadsheets read Japanese as it is meant.
            File.WriteAllText(
                Path.Combine(path, $"{sheet.Name}.csv"),
                string.Concat(sheet.Lines.Select(line => $"{CsvText.Write(line.Cells)}\r\n")),
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        }
    }

    /// <summary>What else lies there is left alone, but for spreadsheets that somebody may think are read.</summary>
    private static List<SheetTable> ReadFolder(string path)
    {
        var files = Directory.EnumerateFiles(path).Where(file => Path.GetFileName(file)[0] is not ('.' or '~'))
            .Order(StringComparer.Ordinal).ToArray();
        var tables = files.Where(file => Ends(file, ".csv")).Select(ReadCsv).ToList();
        if (tables.Count == 0)
        {
            throw new ProblemException($"There is no CSV file in {path}.");
        }

        tables.AddRange(files.Where(file => Ends(file, [.. Workbooks, .. Others, ".tsv"])).Select(Path.GetFileName)
            .Select(file => new SheetTable(
                file!, [], [new(file!, 1, "", "Of a folder only CSV files are read: import this one by itself.")])));
        return tables;
    }

    private static bool Ends(string path, params string[] endings) =>
        endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>A file that cannot be read is an error like others: those beside it are read.</summary>
    private static SheetTable ReadCsv(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().StartsWith("PK\u0003\u0004"u8))
        {
            return Unreadable("The file is a workbook, or another archive: name it .xlsx, and import it by itself.");
        }

        var kind = SheetRows.KindOf(name);
        var encoding = CsvEncoding.Read(bytes, text => Delimiters.Max(delimiter => Known(kind, text, delimiter)));
        if (encoding.Problem is { } problem)
        {
            return Unreadable(problem);
        }

        // The titles decide: the separator is that with which they are known.
        var separator = Separator(encoding.Text)
            ?? Delimiters.MaxBy(delimiter => Known(kind, encoding.Text, delimiter));
        var lines = CsvText.Read(encoding.Text, separator);
        return new(name, Separator(encoding.Text) is null ? lines : [.. lines.Skip(1)], [], IsTextFile: true);

        SheetTable Unreadable(string why) => new(name, [], [new(name, 1, "", why)]);
    }

    /// <summary>Some programs say in the first line what separates.</summary>
    private static char? Separator(string text) =>
        text.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) && text.Length > 5 && text[5] is '\r' or '\n'
            ? text[4]
            : null;

    private static int Known(SheetKind? kind, string text, char delimiter) =>
        CsvText.Lines(text, delimiter).FirstOrDefault(line => line.IsFilled)?.Cells
            .Count(cell => kind?.Columns.Any(column => column.IsCalled(cell.Value)) ?? false) ?? 0;
}
