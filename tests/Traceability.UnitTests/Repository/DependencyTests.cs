using System.Xml.Linq;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Repository;

/// <summary>The arrows of docs/ARCHITECTURE.md, held against the project files.</summary>
public class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Contracts"] = [],
        ["Domain"] = [],
        ["Proofs"] = [],
        ["Evidence"] = ["Domain", "Proofs"],
        ["Exports"] = ["Domain", "Evidence", "Proofs"],
        ["Storage"] = ["Domain", "Proofs"],
        ["Client"] = ["Contracts"],
        ["Hosting"] = ["Contracts", "Domain", "Client"],
        ["Identity"] = ["Hosting"],
        ["Node"] = ["Contracts", "Domain", "Proofs", "Evidence", "Exports", "Storage", "Hosting", "Client"],
        ["Broker"] = ["Contracts", "Domain", "Proofs", "Storage", "Hosting", "Identity"],
        ["Cli"] = ["Contracts", "Domain", "Proofs", "Evidence", "Exports", "Client"],
        ["Local"] = ["Contracts", "Client"],
    };

    private static readonly Dictionary<string, string[]> Specified = new(StringComparer.Ordinal)
    {
        ["Marten"] = ["Storage"],
        ["Grpc.Net.Client"] = ["Contracts", "Client"],
        ["Grpc.Net.ClientFactory"] = ["Node"],
        ["Duende.IdentityModel"] = ["Client"],
        ["OpenIddict.AspNetCore"] = ["Identity"],
        ["OpenIddict.EntityFrameworkCore"] = ["Identity"],
        ["Microsoft.AspNetCore.Identity.EntityFrameworkCore"] = ["Identity"],
        ["Npgsql.EntityFrameworkCore.PostgreSQL"] = ["Identity"],
        ["Grpc.AspNetCore"] = ["Hosting"],
        ["Grpc.AspNetCore.HealthChecks"] = ["Hosting"],
        ["Grpc.AspNetCore.Server.Reflection"] = ["Hosting"],
        ["OpenTelemetry.Extensions.Hosting"] = ["Hosting"],
    };

    private static IEnumerable<(string Name, XDocument Xml)> Projects =>
        RepositoryFiles.Matching("src", "*.csproj")
            .Select(file => (Short(file), XDocument.Load(file)));

    [Fact]
    public void Projects_import_only_what_the_map_allows() => Assert.All(
        Projects,
        project => Assert.Empty(Imports(project.Xml).Select(Short).Except(Allowed[project.Name])));

    [Fact]
    public void Specified_packages_are_named_only_where_the_map_says() => Assert.All(
        Projects,
        project => Assert.All(
            Includes(project.Xml, "PackageReference").Where(Specified.ContainsKey),
            package => Assert.Contains(project.Name, Specified[package])));

    /// <summary>What is only built along is not imported.</summary>
    private static IEnumerable<string> Imports(XDocument project) => project.Descendants("ProjectReference")
        .Where(reference => (string?)reference.Attribute("ReferenceOutputAssembly") != "false")
        .Select(reference => (string)reference.Attribute("Include")!);

    private static IEnumerable<string> Includes(XDocument project, string element) =>
        project.Descendants(element).Select(e => (string)e.Attribute("Include")!);

    private static string Short(string path) =>
        Path.GetFileNameWithoutExtension(path.Replace('\\', '/')).Replace("Traceability.", "", StringComparison.Ordinal);
}
