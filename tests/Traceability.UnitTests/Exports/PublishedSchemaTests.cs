using System.Text;
using Traceability.Exports;
using Traceability.Exports.Documents;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Exports;

/// <summary>What is written fits the schemas that others published; see tests/cases/schemas.</summary>
public class PublishedSchemaTests
{
    public static TheoryData<string, string> Schemas
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var (export, version) in PublishedSchemas.All)
            {
                all.Add(export, version);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Schemas))]
    public async Task A_document_in_json_fits_its_schema(string format, string version)
    {
        var reader = await PublishedSchemas.ReadAsync(format, version);
        foreach (var input in new[] { Samples.Battery(), Samples.Battery("0.4", "0.25", "1.5") })
        {
            var document = Encoding.UTF8.GetString(JsonRenderer.Render(
                ExportTests.Review(ExportTests.Part(format), input, version)));
            Assert.Empty(reader.Validate(document).Select(error => error.ToString()));
        }

        // A schema that lets everything pass would prove nothing.
        Assert.NotEmpty(reader.Validate("{}"));
    }

    [PackageFact]
    public void The_package_for_importers_fits_its_schema()
    {
        var part = ExportFormats.Find("cbam")!.Parts[1];
        var xml = part.Render(ExportTests.Review(part, Samples.Battery()));

        Assert.Empty(Errors(Encoding.UTF8.GetString(xml)));
        Assert.NotEmpty(Errors(Encoding.UTF8.GetString(xml).Replace("EAF", "somehow", StringComparison.Ordinal)));
    }

    private static IReadOnlyList<string> Errors(string xml) => PublishedPackage.Errors(xml);
}
