using System.Xml;
using System.Xml.Schema;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Exports;

/// <summary>The schema of the package for importers.</summary>
internal static class PublishedPackage
{
    private static readonly Lazy<XmlSchemaSet> Schemas = new(() =>
    {
        var schemas = new XmlSchemaSet();
        schemas.Add(null, PublishedSchemas.Package);
        schemas.Compile();
        return schemas;
    });

    public static IReadOnlyList<string> Errors(string xml)
    {
        List<string> errors = [];
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = Schemas.Value };
        settings.ValidationFlags |= XmlSchemaValidationFlags.ReportValidationWarnings;
        settings.ValidationEventHandler += (_, error) => errors.Add(error.Message);
        using var reader = XmlReader.Create(new StringReader(xml), settings);
        while (reader.Read())
        {
            // All of it.
        }

        return errors;
    }
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class PackageFactAttribute : FactAttribute
{
    public PackageFactAttribute() => Skip = PublishedSchemas.PackageMissing;
}
