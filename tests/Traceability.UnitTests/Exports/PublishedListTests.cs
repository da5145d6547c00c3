using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Traceability.Exports;
using Traceability.Exports.Facts;
using Traceability.Exports.Rules;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Exports;

/// <summary>Rule tables take what the published schemas take: the same words, the same bounds, all that is required.</summary>
public partial class PublishedListTests
{
    public static TheoryData<string, string> Schemas => PublishedSchemaTests.Schemas;

    [Theory]
    [MemberData(nameof(Schemas))]
    public void Words_and_bounds_of_a_table_are_those_of_its_schema(string export, string version)
    {
        var root = PublishedSchemas.Text(export, version);
        foreach (var rule in Table(export, version).Fields)
        {
            var leaf = Leaf(root, rule.Path);
            var words = (leaf["enum"] as JsonArray)?.Select(word => $"{word}").ToArray();
            if (rule.Value is { } constant)
            {
                Assert.True(words is null || words.Contains($"{constant}"), $"{rule.Path}: {constant}");
                continue;
            }

            Assert.Equal((rule.Path, words?.Order()), (rule.Path, rule.Must?.Words?.Order()), Same);
            if ($"{leaf["type"]}" == "number")
            {
                Assert.Equal((rule.Path, Bound(leaf, "minimum")), (rule.Path, rule.Must?.Least));
                Assert.Equal((rule.Path, Bound(leaf, "maximum")), (rule.Path, rule.Must?.Most));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Schemas))]
    public void What_a_schema_requires_is_mandatory(string export, string version)
    {
        var root = PublishedSchemas.Text(export, version);
        // What is required of an object that may be left out is held by the documents of the other tests.
        var always = Table(export, version).Fields.Where(rule => rule is { State: FieldState.Mandatory, If: null }
            || rule.Unless is not null).Select(rule => rule.Path).ToArray();
        foreach (var path in always)
        {
            var steps = path.Split('.');
            for (var depth = 0; depth < steps.Length; depth++)
            {
                var parent = string.Join('.', steps[..depth]);
                foreach (var name in Required(Leaf(root, parent)))
                {
                    var member = parent.Length == 0 ? name : $"{parent}.{name}";
                    Assert.True(
                        always.Any(one => one == member || one.StartsWith($"{member}.", StringComparison.Ordinal)
                            || one.StartsWith($"{member}[", StringComparison.Ordinal)),
                        $"{member} is required.");
                }
            }
        }
    }

    [PackageFact]
    public void Words_of_the_package_are_those_of_its_schema()
    {
        XNamespace xs = "http://www.w3.org/2001/XMLSchema";
        var types = XDocument.Load(PublishedSchemas.Package).Descendants(xs + "simpleType")
            .ToDictionary(type => $"{type.Attribute("name")?.Value}", type => type.Descendants(xs + "enumeration")
                .Select(word => word.Attribute("value")!.Value).Order().ToArray());
        string[] Of(string fact) =>
            [.. Table("cbam-package", "2.0.0").Fields.Single(rule => rule.From == fact).Must!.Words!.Order()];

        Assert.Equal(types["RouteCodeType"], Of("cbam.route"));
        Assert.Equal(types["CBAMCategoryType"], Of("cbam.category"));
    }

    [Fact]
    public void Countries_are_the_249_that_have_an_assigned_code()
    {
        Assert.Equal(249, FactTable.Countries.Count);
        Assert.All(FactTable.Countries, code => Assert.Matches("^[A-Z]{2}$", code));
        Assert.All(["DE", "JP", "TW", "SS", "GB", "XK", "UK", "EU", "ZZ", "XJ", "AN", "CS"], code =>
            Assert.Equal(code is "DE" or "JP" or "TW" or "SS" or "GB", FactTable.Countries.Contains(code)));
    }

    private static readonly IEqualityComparer<(string, IEnumerable<string>?)> Same =
        EqualityComparer<(string, IEnumerable<string>?)>.Create((one, other) =>
            one.Item2 is null ? other.Item2 is null : other.Item2 is not null && one.Item2.SequenceEqual(other.Item2));

    private static decimal? Bound(JsonObject leaf, string name) => (decimal?)leaf[name]?.AsValue();

    private static IEnumerable<string> Required(JsonObject schema) =>
        (schema["required"] as JsonArray ?? []).Select(name => $"{name}");

    private static RuleTable Table(string export, string version) =>
        ExportFormats.Versions(export).Single(table => table.Version == version);

    /// <summary>What a schema says of a place; lists are looked into.</summary>
    private static JsonObject Leaf(JsonObject root, string path)
    {
        var at = Resolved(root, root);
        foreach (var step in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Place().Replace(step, "");
            at = Resolved(root, Assert.IsType<JsonObject>(at["properties"]?[name]));
            if (name != step)
            {
                at = Resolved(root, Assert.IsType<JsonObject>(at["items"]));
            }
        }

        return at;
    }

    private static JsonObject Resolved(JsonObject root, JsonObject schema)
    {
        while (schema["$ref"] is { } reference)
        {
            schema = $"{reference}"[2..].Split('/').Aggregate(root, (at, step) => at[step]!.AsObject());
        }

        return schema["allOf"] is JsonArray all ? Resolved(root, all[0]!.AsObject()) : schema;
    }

    [GeneratedRegex(@"\[\d+\]$")]
    private static partial Regex Place();
}
