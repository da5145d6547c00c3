using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>A disclosure officer's way from "what is missing" to a file that anybody can check.</summary>
public sealed class ExportCommandTests(Federation federation) : IClassFixture<Federation>, IDisposable
{
    private static readonly string[] Facts =
    [
        "manufacturer.name=A Demo", "manufacturer.ids=urn:example:operator:a", "product.model=Cathode 1",
        "product.description=A cathode", "product.ids=urn:example:product:1", "product.mass_kg=2.5",
        "pcf.fossil_carbon_kg=0.1", "pcf.gwp=AR6", "pcf.exempted_percent=0",
    ];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("traceability-test-");

    [Fact]
    public async Task An_export_is_reviewed_completed_written_and_verified()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("internal name", PartKind.Made);
        await a.DeclareAsync(part, "3.75");
        var trace = new CommandLine(federation, Story.A);
        var file = Path.Combine(_folder.FullName, "cathode.json");

        var review = await trace.JsonAsync("export", "review", "pact", part);
        Assert.False(review.GetProperty("final").GetBoolean());
        Assert.Contains(review.GetProperty("fields").EnumerateArray(), field =>
            field.GetProperty("fact").GetString() == "product.mass_kg" && field.GetProperty("who").GetString() == "the maker");
        var (refused, _, why) = await trace.RunAsync("export", "pact", part, "-o", file);
        Assert.Equal(1, refused);
        Assert.Contains("There is no final pact yet", why, StringComparison.Ordinal);
        Assert.False(File.Exists(file));
        await trace.JsonAsync("export", "pact", part, "--draft", "-o", file);
        Assert.Contains("DRAFT", await File.ReadAllTextAsync(file), StringComparison.Ordinal);

        var (wrong, _, rules) = await trace.RunAsync(
            "part", "facts", part, "--set", "product.mass_kg=heavy", "--set", "pcf.gwp=AR1", "--set", "colour=red");
        Assert.Equal(1, wrong);
        Assert.All(["product.mass_kg", "pcf.gwp", "colour"], name => Assert.Contains(name, rules, StringComparison.Ordinal));
        await trace.JsonAsync(["part", "facts", part, .. Facts.SelectMany(fact => new[] { "--set", fact })]);
        await trace.JsonAsync("export", "pact", part, "-o", file);
        var text = await File.ReadAllTextAsync(file);
        Assert.Contains("\"pcfExcludingBiogenicUptake\": \"3.75\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("internal name", text, StringComparison.Ordinal);

        var bundle = Path.Combine(_folder.FullName, "bundle.zip");
        await trace.JsonAsync("audit", "export", part, "-o", bundle);
        var verified = await trace.JsonAsync("export", "verify", file, "--bundle", bundle);
        Assert.All(verified.GetProperty("checks").EnumerateArray(), check => Assert.True(check.GetProperty("good").GetBoolean()));
        Assert.True(verified.GetProperty("checks").GetArrayLength() >= 8);

        // By the rules it was written by, whatever is in use by then.
        foreach (var (export, version) in new[] { ("catena-x", "7.0.0"), ("cbam", "2026") })
        {
            var other = Path.Combine(_folder.FullName, $"{export}.json");
            await trace.JsonAsync("export", export, part, "--rules-version", version, "--draft", "-o", other);
            await trace.JsonAsync("export", "verify", other);
        }

        await File.WriteAllTextAsync(file, text.Replace("3.75", "1.75", StringComparison.Ordinal));
        var (changed, _, _) = await trace.RunAsync("export", "verify", file);
        Assert.Equal(1, changed);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
