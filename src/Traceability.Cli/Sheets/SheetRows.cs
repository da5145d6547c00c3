using Traceability.Contracts.Node.V1;

namespace Traceability.Cli.Sheets;

/// <summary>Something that is wrong, where a person finds it.</summary>
internal sealed record SheetError(string Sheet, int Row, string Column, string Description);

/// <summary>Where a row came from: what it was read as, and the titles above it.</summary>
internal sealed record SheetPlace(SheetKind Kind, IReadOnlyList<string> Titles, ImportRow Row);

/// <summary>The rows of sheets, and what is wrong with the sheets themselves.</summary>
internal sealed record SheetRows(
    IReadOnlyList<ImportRow> Rows, IReadOnlyList<SheetError> Errors,
    IReadOnlyDictionary<(string Sheet, int Row), SheetPlace> Places)
{
    /// <summary>
    /// Finds kinds and columns by their names in any of the languages; what is not known is an error.
    /// </summary>
    public static SheetRows Of(IEnumerable<SheetText> sheets)
    {
        List<ImportRow> rows = [];
        List<SheetError> errors = [];
        Dictionary<(string, int), SheetPlace> places = [];
        foreach (var sheet in sheets.Where(sheet => sheet.Rows.Count > 0 && !SheetTemplate.IsHelp(sheet.Name)))
        {
            if (KindOf(sheet.Name) is not { } kind)
            {
                var known = string.Join(", ", SheetColumns.All.Select(one => $"{one.Id} ({one.Japanese})"));
                errors.Add(new(sheet.Name, 1, "", $"\"{sheet.Name}\" is not valid: sheets are named {known}."));
                continue;
            }

            var titles = sheet.Rows[0];
            var columns = Columns(sheet, kind, errors);
            var filled = sheet.Rows.Index().Skip(1).Where(row => row.Item.Any(cell => cell.Length > 0));
            foreach (var (index, cells) in filled)
            {
                var row = Read(kind, columns, cells);
                (row.Sheet, row.Row) = (sheet.Name, sheet.RowNumbers[index]);
                rows.Add(row);
                places[(row.Sheet, row.Row)] = new(kind, titles, row);
            }
        }

        return new(rows, errors, places);
    }

    /// <summary>The records of a node as sheets.</summary>
    public static IReadOnlyList<SheetText> ToSheets(IReadOnlyList<ImportRow> rows, string language) =>
    [
        .. SheetColumns.All.Select(kind =>
        {
            IReadOnlyList<string>[] lines =
            [
                [.. kind.Columns.Select(column => column.Title(language))],
                .. rows.Where(row => row.Sheet == kind.Id)
                    .Select(row => kind.Columns.Select(column => column.Get(row)).ToArray()),
            ];
            return new SheetText(kind.Title(language), lines, [.. Enumerable.Range(1, lines.Length)]);
        }),
    ];

    /// <summary>Where a person finds what the node refused.</summary>
    public SheetError Locate(ImportError error)
    {
        var (kind, titles, row) = Places[(error.Sheet, error.Row)];
        var column = SheetColumns.ColumnOf(kind, row, error.Field);
        var index = column is null ? -1 : titles.ToList().FindIndex(title => Matches(column, title));
        return new(
            error.Sheet, error.Row, index < 0 ? column?.English ?? "" : $"{Letters(index)} ({titles[index]})",
            error.Description);
    }

    private static ImportRow Read(SheetKind kind, List<SheetColumn?> columns, IReadOnlyList<string> cells)
    {
        var row = SheetColumns.NewRow(kind.Id);
        foreach (var (index, cell) in cells.Take(columns.Count).Index())
        {
            var column = columns[index];
            var text = column is { IsText: true } ? cell.Trim() : Words.HalfWidth(cell);
            if (column is not null && text.Length > 0)
            {
                column.Set(row, text);
            }
        }

        return row;
    }

    private static List<SheetColumn?> Columns(SheetText sheet, SheetKind kind, List<SheetError> errors)
    {
        List<SheetColumn?> columns = [];
        foreach (var (index, title) in sheet.Rows[0].Index())
        {
            var column = kind.Columns.FirstOrDefault(one => Matches(one, title));
            if (column is null && title.Trim().Length > 0)
            {
                var known = string.Join(", ", kind.Columns.Select(one => one.Id));
                errors.Add(new(
                    sheet.Name, sheet.RowNumbers[0], Letters(index),
                    $"\"{title}\" is not valid: columns of {kind.Id} are {known}."));
            }

            columns.Add(column);
        }

        return columns;
    }

    private static SheetKind? KindOf(string name) => SheetColumns.All.FirstOrDefault(kind =>
        Same(kind.Id, name) || Same(kind.Japanese, name));

    private static bool Matches(SheetColumn column, string title) =>
        Same(column.Id, title) || Same(column.English, title) || Same(column.Japanese, title);

    private static bool Same(string one, string other) =>
        string.Equals(Words.HalfWidth(one), Words.HalfWidth(other), StringComparison.OrdinalIgnoreCase);

    /// <summary>A, B, ... Z, AA, as spreadsheets name columns.</summary>
    private static string Letters(int index) =>
        (index < 26 ? "" : Letters((index / 26) - 1)) + (char)('A' + (index % 26));
}
