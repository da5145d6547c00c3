using System.Text;
using System.Xml;
using System.Xml.Schema;
using Traceability.Exports;
using Traceability.Exports.Documents;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Exports;

/// <summary>What is written fits the schemas that others published; they lie beside the repository.</summary>
public class PublishedSchemaTests
{
    public static TheoryData<string, string> Schemas
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var (export, version) in PublishedSchemas.Files.Keys)
            {
                all.Add(export, version);
            }

            return all;
        }
    }

    [SchemaTheory]
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

    [SchemaFact]
    public void The_package_for_importers_fits_its_schema()
    {
        var part = ExportFormats.Find("cbam")!.Parts[1];
        var xml = part.Render(ExportTests.Review(part, Samples.Battery()));

        Assert.Empty(Errors(Encoding.UTF8.GetString(xml)));
        Assert.NotEmpty(Errors(Encoding.UTF8.GetString(xml).Replace("EAF", "somehow", StringComparison.Ordinal)));
    }

    private static List<string> Errors(string xml)
    {
        List<string> errors = [];
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema };
        settings.Schemas.Add(null, Path.Combine(PublishedSchemas.Folder, "europe", "cbam", "cbam-producer-data-package-v2.xsd"));
        settings.ValidationFlags |= XmlSchemaValidationFlags.ReportValidationWarnings;
        settings.ValidationEventHandler += (_, error) => errors.Add(error.Message);
        using var reader = XmlReader.Create(new StringReader(xml), settings);
        while (reader.Read())
        {
            // All of it.
        }

        return errors;
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SchemaFactAttribute : FactAttribute
    {
        public SchemaFactAttribute() => Skip = PublishedSchemas.Missing;
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SchemaTheoryAttribute : TheoryAttribute
    {
        public SchemaTheoryAttribute() => Skip = PublishedSchemas.Missing;
    }
}
