using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using NJsonSchema;

namespace Traceability.Tests;

/// <summary>Schemas that others published: tests/cases/schemas says where they are from.</summary>
internal static class PublishedSchemas
{
    private static readonly ConcurrentDictionary<(string, string), Task<JsonSchema>> Read = new();

    private static string Folder { get; } =
        Path.GetFullPath(Path.Combine(SourceFolder(), "..", "cases", "schemas"));

    /// <summary>By the name of the export and the version of the standard.</summary>
    public static IReadOnlyList<(string Export, string Version)> All { get; } =
    [
        ("batterypass", "1.2.0"), ("idta", "1.0.0"), ("catena-x", "7.0.0"), ("catena-x", "9.0.0"), ("catena-x", "10.0.0"),
        ("pact", "3.0.3"),
    ];

    /// <summary>Of the package for importers: its licence does not come with it, so it lies beside the repository.</summary>
    public static string Package { get; } = Path.GetFullPath(Path.Combine(
        SourceFolder(), "..", "..", "..", "shared", "data", "europe", "cbam", "cbam-producer-data-package-v2.xsd"));

    /// <summary>Why a test that needs it is skipped; null where it is.</summary>
    public static string? PackageMissing => File.Exists(Package)
        ? null
        : "The published schema of the CBAM producer data package is not on this machine (../shared/data).";

    /// <summary>As it was published.</summary>
    public static JsonObject Text(string export, string version) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, $"{export}-{version}.json")))!.AsObject();

    public static Task<JsonSchema> ReadAsync(string export, string version) =>
        Read.GetOrAdd((export, version), _ => ParseAsync(Text(export, version)));

    /// <summary>Generators of these models keep what is referred to where the reader does not look.</summary>
    private static Task<JsonSchema> ParseAsync(JsonObject schema)
    {
        if (schema["components"]?["schemas"] is { } schemas)
        {
            schema["definitions"] = schemas.DeepClone();
            schema.Remove("components");
        }

        return JsonSchema.FromJsonAsync(schema.ToJsonString().Replace(
            "#/components/schemas/", "#/definitions/", StringComparison.Ordinal));
    }

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
