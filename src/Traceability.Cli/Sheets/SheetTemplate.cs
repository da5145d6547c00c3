namespace Traceability.Cli.Sheets;

/// <summary>Empty sheets to fill in, with a sheet that explains them.</summary>
internal static class SheetTemplate
{
    private const string Help = "help";
    private const string JapaneseHelp = "説明";

    public static bool IsHelp(string sheet) => sheet is Help or JapaneseHelp;

    public static IReadOnlyList<SheetText> Sheets(string language)
    {
        IReadOnlyList<string>[] help =
        [
            language == "ja" ? ["シート", "列", "説明"] : ["Sheet", "Column", "What to write"],
            .. SheetColumns.All.SelectMany(kind => kind.Columns.Select(column => new[]
            {
                kind.Title(language), column.Title(language), language == "ja" ? column.JapaneseHelp : column.Help,
            })),
        ];
        return
        [
            new(language == "ja" ? JapaneseHelp : Help, help, [.. Enumerable.Range(1, help.Length)]),
            .. SheetRows.ToSheets([], language),
        ];
    }
}
