using System.Reflection;
using Traceability.Exports.Documents;
using Traceability.Exports.Facts;
using Traceability.Exports.Rules;

namespace Traceability.Exports;

/// <summary>One file of an export.</summary>
/// <param name="Extension">Of the file, without a dot.</param>
/// <param name="Table">The folder of its rule tables.</param>
/// <param name="Render">Writes it.</param>
public sealed record ExportPart(string Extension, string Table, Func<ExportReview, byte[]> Render);

/// <summary>What somebody takes: a name and its files.</summary>
/// <param name="Name">Such as "batterypass".</param>
/// <param name="Means">For people.</param>
/// <param name="Parts">Its files.</param>
/// <param name="AppliesTo">The fact without which it makes no sense for a product; null: for all.</param>
/// <param name="SignedFile">The extension of the file that is signed, too; null: none.</param>
public sealed record ExportFormat(
    string Name, string Means, IReadOnlyList<ExportPart> Parts, string? AppliesTo = null, string? SignedFile = null);

/// <summary>
/// All exports. A version of a standard is a folder with a rule table, Formats/NAME/VERSION/rules.json; a new version
/// is a new folder beside the old.
/// </summary>
public static class ExportFormats
{
    private const string Battery = "battery.category";

    private static readonly RuleTable[] Tables =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith("Formats/", StringComparison.Ordinal))
            .Select(Resource.Read<RuleTable>).OrderBy(table => table.ValidFrom),
    ];

    public static IReadOnlyList<ExportFormat> All { get; } =
    [
        new("battery-declaration", "carbon-footprint declaration of a battery, Regulation (EU) 2023/1542, Article 7",
            [
                new("html", "battery-declaration", HtmlRenderer.Render),
                new("json", "battery-declaration", JsonRenderer.Render),
            ],
            Battery,
            SignedFile: "json"),
        new("batterypass", "carbon footprint of a battery passport (BatteryPass)",
            [new("json", "batterypass", JsonRenderer.Render)], Battery),
        new("battery-passport", "data points of a battery passport, Regulation (EU) 2023/1542, Article 77",
            [new("json", "battery-passport", JsonRenderer.Render)], Battery),
        new("idta", "carbon footprint of a battery as an IDTA submodel",
            [new("json", "idta", JsonRenderer.Render)], Battery),
        new("catena-x", "product carbon footprint for Catena-X", [new("json", "catena-x", JsonRenderer.Render)]),
        new("pact", "product footprint for PACT", [new("json", "pact", JsonRenderer.Render)]),
        new("cbam", "emissions that an installation tells an importer for CBAM",
            [new("json", "cbam", JsonRenderer.Render), new("xml", "cbam-package", XmlRenderer.Render)], "cbam.cn_code"),
        new("csv", "figures as a table", [new("csv", "figures", CsvRenderer.Render)]),
        new("xlsx", "figures as a spreadsheet", [new("xlsx", "figures", XlsxRenderer.Render)]),
    ];

    public static ExportFormat? Find(string name) => All.FirstOrDefault(format => format.Name == name);

    /// <summary>The versions of a table, oldest first.</summary>
    public static IReadOnlyList<RuleTable> Versions(string table) => [.. Tables.Where(one => one.Export == table)];

    /// <summary>
    /// The one that is named, or else the newest that is in use on the day, or else the first. A version names the
    /// rules of one file; another file of the same export may have none of that name.
    /// </summary>
    public static RuleTable TableOf(ExportPart part, string? version, DateOnly day)
    {
        var versions = Versions(part.Table);
        return versions.FirstOrDefault(table => table.Version == version)
            ?? versions.LastOrDefault(table => table.ValidFrom <= day)
            ?? versions[0];
    }
}
