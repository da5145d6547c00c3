using System.Globalization;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli.Sheets;

/// <summary>Where a row came from: what it was read as, the titles above it, and what is wrong with it here.</summary>
/// <param name="Kind">Of its sheet.</param>
/// <param name="Titles">Of its sheet.</param>
/// <param name="Row">As it is sent.</param>
/// <param name="Bad">Columns of which it has no value, or not the one that was meant.</param>
/// <param name="IsShifted">Whether its cells may stand under the wrong titles.</param>
internal sealed record SheetPlace(
    SheetKind Kind, IReadOnlyList<string> Titles, ImportRow Row, IReadOnlySet<SheetColumn> Bad, bool IsShifted);

/// <summary>The rows of sheets, and what is wrong with the sheets themselves.</summary>
internal sealed class SheetRows
{
    /// <summary>
    /// A spreadsheet keeps this many digits of a number; more are written as text, so that none is lost.
    /// </summary>
    private const int SpreadsheetDigits = 15;

    private readonly List<ImportRow> _rows = [];
    private readonly List<SheetError> _errors = [];
    private readonly Dictionary<(string Sheet, int Row), SheetPlace> _places = [];

    private SheetRows()
    {
    }

    public IReadOnlyList<ImportRow> Rows => _rows;

    public IReadOnlyList<SheetError> Errors => _errors;

    /// <summary>
    /// Finds kinds and columns by their names in any of the languages. Every filled cell is used, or is an error.
    /// </summary>
    public static SheetRows Of(IEnumerable<SheetTable> sheets)
    {
        var read = new SheetRows();
        foreach (var sheet in sheets.Where(sheet => !SheetTemplate.IsHelp(sheet.Name)))
        {
            read._errors.AddRange(sheet.Problems);
            if (sheet.Lines.FirstOrDefault(line => line.IsFilled) is { } titles)
            {
                read.Add(sheet, titles);
            }
        }

        return read;
    }

    /// <summary>The records of a node as sheets.</summary>
    public static IReadOnlyList<SheetTable> ToSheets(IReadOnlyList<ImportRow> rows, string language) =>
    [
        .. SheetColumns.All.Select(kind => new SheetTable(
            kind.Title(language),
            rows.Where(row => row.Sheet == kind.Id)
                .Select(row => kind.Columns.Select(column => Cell(column, column.Get(row))).ToArray())
                .Prepend([.. kind.Columns.Select(column => Sheets.Cell.Text(column.Title(language)))]))),
    ];

    /// <summary>Where a person finds what the node refused; null where it follows from what is wrong here.</summary>
    public SheetError? Locate(ImportError error)
    {
        if (!_places.TryGetValue((error.Sheet, error.Row), out var place))
        {
            return new(error.Sheet, error.Row, "", error.Description);
        }

        var column = SheetColumns.ColumnOf(place.Kind, place.Row, error.Field);
        if (place.IsShifted || (column is null ? place.Bad.Count > 0 : place.Bad.Contains(column)))
        {
            return null;
        }

        var said = error.Reason.Length > 0 ? $"{error.Reason}: {error.Description}" : error.Description;
        return new(error.Sheet, error.Row, column is null ? "" : ColumnName(place, column), said);
    }

    /// <summary>A column as the person has called it, or would.</summary>
    public string NameOf(string sheet, int row, string columnId) =>
        _places.TryGetValue((sheet, row), out var place)
            && place.Kind.Columns.FirstOrDefault(one => one.Id == columnId) is { } column
                ? ColumnName(place, column)
                : columnId;

    public static SheetKind? KindOf(string name) => SheetColumns.All.FirstOrDefault(kind =>
        Words.Same(kind.Id, name) || Words.Same(kind.Japanese, name));

    /// <summary>A, B, ... Z, AA, as spreadsheets name columns.</summary>
    public static string Letters(int index) =>
        (index < 26 ? "" : Letters((index / 26) - 1)) + (char)('A' + (index % 26));

    private void Add(SheetTable sheet, SheetLine titles)
    {
        if (KindOf(sheet.Name) is not { } kind)
        {
            var known = string.Join(", ", SheetColumns.All.Select(one => $"{one.Id} ({one.Japanese})"));
            Fail(sheet, 1, "", $"\"{sheet.Name}\" is not valid: sheets are named {known}.");
            return;
        }

        var (columns, twice) = Columns(sheet, kind, titles);
        string[] names = [.. titles.Cells.Select(cell => cell.Value)];
        foreach (var line in sheet.Lines.SkipWhile(line => line != titles).Skip(1).Where(line => line.IsFilled))
        {
            Add(sheet, kind, names, columns, twice, line);
        }
    }

    private void Add(
        SheetTable sheet, SheetKind kind, string[] titles, SheetColumn?[] columns, HashSet<SheetColumn> twice,
        SheetLine line)
    {
        HashSet<SheetColumn> bad = [.. twice];
        var row = SheetColumns.NewRow(kind.Id);
        (row.Sheet, row.Row) = (sheet.Name, line.Row);
        var isShifted = sheet.IsTextFile && line.Cells.Count > titles.Length;
        if (isShifted)
        {
            Fail(
                sheet, line.Row, Letters(titles.Length),
                $"{line.Cells.Count} cells, {titles.Length} titles: a comma within a value, such as 1,5, parts it in "
                    + "two. Put the value in quotes, and write amounts with a point, such as 1.5.");
        }

        foreach (var (index, cell) in line.Cells.Index().Where(cell => cell.Item.IsFilled))
        {
            if (index >= titles.Length || titles[index].Length == 0)
            {
                if (!isShifted)
                {
                    Fail(
                        sheet, line.Row, Letters(index),
                        $"\"{cell.Value}\" stands under no title: give the column one.");
                }
            }
            else if (columns[index] is { } column)
            {
                Set(sheet, row, column, CellReading.Of(column, cell), $"{Letters(index)} ({titles[index]})", bad);
            }
        }

        _rows.Add(row);
        _places[(sheet.Name, line.Row)] = new(kind, titles, row, bad, isShifted);
    }

    private void Set(
        SheetTable sheet, ImportRow row, SheetColumn column, CellReading read, string name, HashSet<SheetColumn> bad)
    {
        if (read.Problem is { } problem)
        {
            bad.Add(column);
            Fail(sheet, row.Row, name, problem);
        }

        if (read.Text.Length > 0)
        {
            column.Set(row, read.Text);
        }
    }

    /// <summary>The column of each title; null for those that are not read.</summary>
    private (SheetColumn?[] Columns, HashSet<SheetColumn> Twice) Columns(
        SheetTable sheet, SheetKind kind, SheetLine titles)
    {
        SheetColumn?[] columns =
        [
            .. titles.Cells.Select(cell => kind.Columns.FirstOrDefault(one => one.IsCalled(cell.Value))),
        ];
        foreach (var (index, cell) in titles.Cells.Index()
            .Where(title => title.Item.IsFilled && columns[title.Index] is null))
        {
            var known = string.Join(", ", kind.Columns.Select(one => one.Id));
            Fail(
                sheet, titles.Row, Letters(index),
                cell.Kind == CellKind.Bad
                    ? cell.Shown
                    : $"\"{cell.Value}\" is not valid: columns of {kind.Id} are {known}.");
        }

        HashSet<SheetColumn> twice = [];
        foreach (var same in columns.Index().Where(one => one.Item is not null).GroupBy(one => one.Item!)
            .Where(same => same.Count() > 1))
        {
            twice.Add(same.Key);
            var places = string.Join(
                " and ", same.Select(one => $"{Letters(one.Index)} ({titles.Cells[one.Index].Value})"));
            Fail(
                sheet, titles.Row, Letters(same.First().Index),
                $"{places} are the same column, {same.Key.Id}: keep one. No cell of either is read.");
        }

        return ([.. columns.Select(column => column is not null && twice.Contains(column) ? null : column)], twice);
    }

    private void Fail(SheetTable sheet, int row, string column, string description) =>
        _errors.Add(new(sheet.Name, row, column, description));

    private static string ColumnName(SheetPlace place, SheetColumn column)
    {
        var index = place.Titles.Index().Where(title => column.IsCalled(title.Item)).Select(title => title.Index)
            .DefaultIfEmpty(-1).First();
        return index < 0 ? column.English : $"{Letters(index)} ({place.Titles[index]})";
    }

    private static Cell Cell(SheetColumn column, string value) =>
        column.Content == Content.Amount
        && decimal.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && value.Count(char.IsAsciiDigit) <= SpreadsheetDigits
        && number.ToString("0.############################", CultureInfo.InvariantCulture) == value
            ? new(CellKind.Number, value)
            : Sheets.Cell.Text(value);
}
