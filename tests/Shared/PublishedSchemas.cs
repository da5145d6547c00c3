using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using NJsonSchema;

namespace Traceability.Tests;

/// <summary>Schemas that others published; they lie beside the repository.</summary>
internal static class PublishedSchemas
{
    public static string Folder { get; } =
        Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", "..", "shared", "data"));

    /// <summary>Why a test that needs them is skipped; null where they are.</summary>
    public static string? Missing => Directory.Exists(Folder)
        ? null
        : "The published schemas are not on this machine (../shared/data).";

    /// <summary>By the name of the export and the version of the standard.</summary>
    public static IReadOnlyDictionary<(string Export, string Version), string> Files { get; } =
        new Dictionary<(string, string), string>
        {
            [("batterypass", "1.2.0")] = "europe/batterypass/CarbonFootprint__1.2.0__CarbonFootprintForBatteries-schema.json",
            [("idta", "1.0.0")] = "europe/idta/batterypass.carbon_footprint__1.0.0__CarbonFootprintBattery-schema.json",
            [("catena-x", "7.0.0")] = "europe/catenax/pcf__7.0.0__Pcf-schema.json",
            [("catena-x", "9.0.0")] = "europe/catenax/pcf__9.0.0__Pcf-schema.json",
            [("catena-x", "10.0.0")] = "europe/catenax/pcf__10.0.0__Pcf-schema.DERIVED.json",
            [("pact", "3.0.3")] = "pact/json-schema/product-footprint.v3_0.strict.schema.json",
        };

    /// <summary>Generators of these models keep what is referred to where the reader does not look.</summary>
    public static async Task<JsonSchema> ReadAsync(string export, string version)
    {
        var file = Path.Combine(Folder, Files[(export, version)]);
        var schema = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        if (schema["components"]?["schemas"] is { } schemas)
        {
            schema["definitions"] = schemas.DeepClone();
            schema.Remove("components");
        }

        return await JsonSchema.FromJsonAsync(schema.ToJsonString().Replace(
            "#/components/schemas/", "#/definitions/", StringComparison.Ordinal));
    }

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
