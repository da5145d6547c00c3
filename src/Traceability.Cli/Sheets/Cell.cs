namespace Traceability.Cli.Sheets;

/// <summary>What a cell holds, as the program that wrote it knows.</summary>
internal enum CellKind
{
    Empty,
    Text,
    Number,
    Date,
    Boolean,
    Error,
    NoResult,
    Bad,
}

/// <summary>One cell. In text files every cell is text.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Value">The text; the digits of a number as they are stored; a date as 2026-12-31, with its time if it
/// has one.</param>
/// <param name="Shown">What a person sees, where that is something else; of a bad cell, what is wrong.</param>
/// <param name="Formula">The formula that led to the value, if one did.</param>
internal sealed record Cell(CellKind Kind, string Value, string Shown = "", string Formula = "")
{
    public static Cell Empty { get; } = new(CellKind.Empty, "");

    /// <summary>Whether a number has a format of its own: what it shows may be another number.</summary>
    public bool IsFormatted { get; init; }

    public bool IsFilled => Kind != CellKind.Empty;

    /// <summary>Blanks alone are nothing that anybody sees.</summary>
    public static Cell Text(string value) =>
        string.IsNullOrWhiteSpace(value) ? Empty : new(CellKind.Text, value, value);

    public static Cell Bad(string value, string problem) => new(CellKind.Bad, value, problem);
}

/// <summary>A row of a sheet, by its number in it, from 1.</summary>
internal sealed record SheetLine(int Row, IReadOnlyList<Cell> Cells)
{
    public bool IsFilled => Cells.Any(cell => cell.IsFilled);
}

/// <summary>A sheet as it was written, and what is wrong with it as a whole.</summary>
/// <param name="Name">Of the sheet, or of the file without its ending.</param>
/// <param name="Lines">In order; rows without cells may be left out.</param>
/// <param name="Problems">What nobody could read, or could not see.</param>
/// <param name="IsTextFile">Whether rows hold as many cells as were separated, instead of a grid.</param>
internal sealed record SheetTable(
    string Name, IReadOnlyList<SheetLine> Lines, IReadOnlyList<SheetError> Problems, bool IsTextFile = false)
{
    public SheetTable(string name, IEnumerable<IReadOnlyList<Cell>> rows)
        : this(name, [.. rows.Select((cells, index) => new SheetLine(index + 1, cells))], [])
    {
    }
}

/// <summary>Something that is wrong, where a person finds it.</summary>
internal sealed record SheetError(string Sheet, int Row, string Column, string Description);
