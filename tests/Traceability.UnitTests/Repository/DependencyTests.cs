using System.Xml.Linq;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Repository;

/// <summary>The arrows between projects of docs/ARCHITECTURE.md, held against what was built.</summary>
public class DependencyTests
{
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Contracts"] = [],
        ["Domain"] = [],
        ["Proofs"] = [],
        ["Client"] = [],
        ["Evidence"] = ["Domain", "Proofs"],
        ["Exports"] = ["Domain", "Evidence", "Proofs"],
        ["Storage"] = ["Domain", "Proofs"],
        ["Hosting"] = ["Client", "Contracts", "Domain"],
        ["Identity"] = ["Hosting"],
        ["Node"] = ["Client", "Contracts", "Domain", "Evidence", "Exports", "Hosting", "Proofs", "Storage"],
        ["Broker"] = ["Contracts", "Domain", "Hosting", "Identity", "Proofs", "Storage"],
        ["Cli"] = ["Client", "Contracts", "Domain", "Evidence", "Exports", "Proofs"],
        ["Local"] = ["Client", "Contracts"],
    };

    private static readonly Dictionary<string, string[]> Specified = new(StringComparer.Ordinal)
    {
        ["Marten"] = ["Storage"],
        ["Grpc.Net.Client"] = ["Contracts", "Client"],
        ["Duende.IdentityModel"] = ["Client"],
        ["NSec.Cryptography"] = ["Proofs"],
        ["Pkcs11Interop"] = ["Proofs"],
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
    public void Every_project_is_looked_at() => Assert.Equal(
        Projects.Select(project => project.Name).Order(StringComparer.Ordinal),
        Code.Types.Select(type => type.Project()).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Projects_use_each_other_as_the_map_says() =>
        Code.MustMatch(Arrows.Select(row => (row.Key, row.Value)), Code.Project, type => Arrows.ContainsKey(type.Project()));

    [Fact]
    public void Specified_packages_are_named_only_where_the_map_says()
    {
        var named = Projects
            .SelectMany(project => Packages(project.Xml).Select(package => (Project: project.Name, Package: package)))
            .Where(one => Specified.ContainsKey(one.Package)).ToArray();

        Assert.All(named, one => Assert.Contains(one.Project, Specified[one.Package]));
        Assert.Equal(Specified.Keys.Order(), named.Select(one => one.Package).Distinct().Order());
    }

    private static IEnumerable<string> Packages(XDocument project) =>
        project.Descendants("PackageReference").Select(package => (string)package.Attribute("Include")!);

    private static string Short(string path) =>
        Path.GetFileNameWithoutExtension(path).Replace("Traceability.", "", StringComparison.Ordinal);
}
