namespace Traceability.Cli.Sheets;

/// <summary>Empty sheets to fill in, with a sheet that explains them.</summary>
internal static class SheetTemplate
{
    private const string Help = "help";
    private const string JapaneseHelp = "説明";

    public static bool IsHelp(string sheet) => Words.Same(sheet, Help) || Words.Same(sheet, JapaneseHelp);

    public static IReadOnlyList<SheetTable> Sheets(string language)
    {
        string[] titles = language == "ja" ? ["シート", "列", "説明"] : ["Sheet", "Column", "What to write"];
        var help = SheetColumns.All.SelectMany(kind => kind.Columns.Select(column => new[]
        {
            kind.Title(language), column.Title(language), language == "ja" ? column.JapaneseHelp : column.Help,
        }));
        return
        [
            new(
                language == "ja" ? JapaneseHelp : Help,
                help.Prepend(titles).Select(row => row.Select(Cell.Text).ToArray())),
            .. SheetRows.ToSheets([], language),
        ];
    }
}
