using System.Globalization;
using CsvHelper;

namespace Traceability.Local.Demo.EvBattery;

/// <summary>A row of a CSV file, by the names of its columns.</summary>
public sealed class CsvRow(IReadOnlyDictionary<string, string> cells)
{
    public string this[string column] => cells[column];
}

/// <summary>The battery and vehicle chain of tests/cases/ev-battery.</summary>
public sealed record Chain(
    IReadOnlyList<CsvRow> Companies, IReadOnlyList<CsvRow> Parts, IReadOnlyList<CsvRow> Lines,
    IReadOnlyList<CsvRow> Trades, IReadOnlyList<CsvRow> Emissions, IReadOnlyList<CsvRow> Certificates,
    IReadOnlyList<CsvRow> Expected, IReadOnlyList<CsvRow> Facts)
{
    /// <summary>What a person looks at first: the cell, both packs, both vehicles.</summary>
    public static IReadOnlyList<string> Headlines { get; } = ["CELL", "PACK64", "PACK48", "VEH_K", "VEH_A"];

    /// <summary>What is disclosed: both packs, both vehicles.</summary>
    public static IReadOnlyList<string> Exported { get; } = ["PACK64", "PACK48", "VEH_K", "VEH_A"];

    public static Chain Load()
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "ev-battery");
        return new(
            Read("companies"), Read("parts"), Read("bom"), Read("trades"), Read("emissions"), Read("certificates"),
            Read("expected_totals_exact"), Read("facts"));

        List<CsvRow> Read(string name) => ReadCsv(Path.Combine(folder, $"{name}.csv"));
    }

    public static List<CsvRow> ReadCsv(string file)
    {
        using var reader = new StreamReader(file);
        using var csv = new CsvReader(reader, CultureInfo.InvariantCulture);
        return
        [
            .. csv.GetRecords<dynamic>().Cast<IDictionary<string, object>>().Select(row => new CsvRow(
                row.ToDictionary(cell => cell.Key, cell => (string)cell.Value))),
        ];
    }

    public string TraceId(string key) => Parts.Single(part => part["traceKey"] == key)["traceId"];

    public string Owner(string key) => Parts.Single(part => part["traceKey"] == key)["companyId"];

    /// <summary>Vehicle and pack makers run a node of their own; all others are hosted, many to a node.</summary>
    public IReadOnlyList<Federation.Place> Places =>
    [
        .. Companies.Select((company, index) => new Federation.Place(
            company["companyId"],
            int.Parse(company["tierFromVehicle"], CultureInfo.InvariantCulture) == 0 || company["companyId"] == "SAKURA"
                ? company["companyId"]
                : $"hosted-{(index % 2) + 1}")),
    ];
}
