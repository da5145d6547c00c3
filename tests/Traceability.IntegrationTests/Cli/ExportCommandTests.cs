using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>A disclosure officer's way from "what is missing" to a file that anybody can check.</summary>
public sealed class ExportCommandTests(Federation federation) : IClassFixture<Federation>, IDisposable
{
    internal static readonly string[] Facts =
    [
        "manufacturer.name=A Demo", "manufacturer.ids=urn:example:operator:a", "product.model=Cathode 1",
        "product.description=A cathode", "product.ids=urn:example:product:1", "product.mass_kg=2.5",
        "pcf.fossil_carbon_kg=0.1", "pcf.gwp=AR6", "pcf.exempted_percent=0",
    ];

    private static readonly string[] BatteryFacts =
    [
        .. Facts, "manufacturer.street=Street 1", "manufacturer.postal_code=38100", "manufacturer.city=Town",
        "manufacturer.country=DE", "manufacturer.contact=contact@example.com", "plant.id=Plant 1", "plant.city=Town",
        "plant.country=DE", "battery.category=EV", "battery.vehicle_category=M1", "battery.capacity_kwh=75",
        "battery.warranty_years=8", "declaration.distribution_kg=72", "declaration.end_of_life_kg=198",
        "declaration.conformity_id=DOC-1", "declaration.study=https://example.com/study.pdf",
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

    [Fact]
    public async Task A_declaration_is_signed_and_its_signature_is_checked_with_the_keys_of_a_bundle()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("pack", PartKind.Made);
        var contribution = new Contribution
        {
            TraceId = part,
            ReferencePeriod = CompanyAtWork.Year,
            Figures = new()
            {
                Stages =
                {
                    new StageFigure { Stage = LifeCycleStage.RawMaterial, Amount = "4212" },
                    new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "1386" },
                },
            },
        };
        await a.Footprints.DeclareContributionAsync(new() { Contribution = contribution }, a.Call);
        var trace = new CommandLine(federation, Story.A);
        var file = Path.Combine(_folder.FullName, "pack.json");
        var signature = Path.ChangeExtension(file, "jws");
        var bundle = Path.Combine(_folder.FullName, "bundle.zip");
        await trace.JsonAsync(["part", "facts", part, .. BatteryFacts.SelectMany(fact => new[] { "--set", fact })]);

        await trace.JsonAsync("export", "battery-declaration", part, "-o", Path.ChangeExtension(file, "html"));
        await trace.JsonAsync("audit", "export", part, "-o", bundle);
        Assert.Equal(2, await AboutTheSignatureAsync());

        var signed = await File.ReadAllTextAsync(signature);
        await trace.JsonAsync("part", "facts", part, "--set", "declaration.conformity_id=DOC-2");
        await trace.JsonAsync("export", "battery-declaration", part, "-o", Path.ChangeExtension(file, "html"));
        Assert.Equal(2, await AboutTheSignatureAsync());
        await File.WriteAllTextAsync(signature, signed);
        var (status, shown, _) = await trace.RunAsync("export", "verify", file, "--bundle", bundle);
        Assert.Equal(1, status);
        Assert.Contains("it is about another file", shown, StringComparison.Ordinal);

        async Task<int> AboutTheSignatureAsync()
        {
            var checks = (await trace.JsonAsync("export", "verify", file, "--bundle", bundle)).GetProperty("checks");
            return checks.EnumerateArray().Count(check =>
                check.GetProperty("what").GetString()!.StartsWith("The signature beside it", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Another_fact_is_another_document_that_names_the_one_before_and_the_same_facts_are_the_same_bytes()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("steel", PartKind.Made);
        await a.DeclareAsync(part, "4");
        var trace = new CommandLine(federation, Story.A);
        await trace.JsonAsync(["part", "facts", part, .. Facts.SelectMany(fact => new[] { "--set", fact })]);

        var one = await ExportAsync("one");
        await trace.JsonAsync("part", "facts", part, "--set", "product.mass_kg=2");
        var two = await ExportAsync("two");
        var again = await ExportAsync("again");
        await a.DeclareAsync(part, "5");
        var three = await ExportAsync("three");
        await trace.JsonAsync("export", "verify", Path.Combine(_folder.FullName, "two.json"));

        Assert.Equal(two, again);
        Assert.Equal([Id(one)], Preceding(two));
        Assert.Equal([Id(two), Id(one)], Preceding(three));
        Assert.Equal(3, new[] { Id(one), Id(two), Id(three) }.Distinct().Count());

        async Task<string> ExportAsync(string name)
        {
            var file = Path.Combine(_folder.FullName, $"{name}.json");
            await trace.JsonAsync("export", "pact", part, "-o", file);
            return await File.ReadAllTextAsync(file);
        }

        static string? Id(string text) => JsonDocument.Parse(text).RootElement.GetProperty("id").GetString();
        static IEnumerable<string?> Preceding(string text) => JsonDocument.Parse(text).RootElement
            .GetProperty("precedingPfIds").EnumerateArray().Select(id => id.GetString());
    }

    [Fact]
    public async Task What_a_standard_cannot_say_is_refused_with_its_words_and_a_tonne_is_told_per_kilogram()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var trace = new CommandLine(federation, Story.A);
        var part = $"{Guid.CreateVersion7()}";
        await trace.JsonAsync("part", "register", "steel", "--unit", "tonne", "--id", part);
        await a.DeclareAsync(part, "1900");
        string[] facts =
        [
            .. Facts, "product.mass_kg=1000", "pcf.exempted_percent=12", "pcf.region=East Asia", "pcf.rules=R1",
            "pcf.rules_operator=Example", "pcf.secondary_source=db", "pcf.secondary_source_version=1", "pcf.valid_until=2028-01-01T00:00:00Z",
        ];
        await trace.JsonAsync(["part", "facts", part, .. facts.SelectMany(fact => new[] { "--set", fact })]);
        var file = Path.Combine(_folder.FullName, "steel.json");

        await trace.JsonAsync("export", "pact", part, "-o", file);
        var pcf = JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement.GetProperty("pcf");
        Assert.Equal("kilogram", pcf.GetProperty("declaredUnitOfMeasurement").GetString());
        Assert.Equal("1.9", pcf.GetProperty("pcfExcludingBiogenicUptake").GetString());
        Assert.Equal("1", pcf.GetProperty("productMassPerDeclaredUnit").GetString());
        var bundle = Path.Combine(_folder.FullName, "steel.zip");
        await trace.JsonAsync("audit", "export", part, "-o", bundle);
        await trace.JsonAsync("export", "verify", file, "--bundle", bundle);

        var (refused, _, why) = await trace.RunAsync(
            "export", "catena-x", part, "--rules-version", "9.0.0", "-o", Path.Combine(_folder.FullName, "catena.json"));
        Assert.Equal(1, refused);
        Assert.All(
            ["Eastern Asia", "no more than 10", "pcf.region", "pcf.exempted_percent"],
            word => Assert.Contains(word, why, StringComparison.Ordinal));
        await trace.JsonAsync(
            "part", "facts", part, "--set", "pcf.region=Eastern Asia", "--set", "pcf.exempted_percent=10");
        await trace.JsonAsync(
            "export", "catena-x", part, "--rules-version", "9.0.0", "-o", Path.Combine(_folder.FullName, "catena.json"));
    }

    [Fact]
    public async Task A_new_period_with_the_same_number_is_another_document_whose_end_is_exclusive()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("wood", PartKind.Made);
        var trace = new CommandLine(federation, Story.A);
        string[] facts = [.. Facts, "pcf.biogenic_carbon_kg=1"];
        await trace.JsonAsync(["part", "facts", part, .. facts.SelectMany(fact => new[] { "--set", fact })]);

        await trace.JsonAsync("footprint", "declare", part, "0.5", "--year", "2025");
        var one = await ExportAsync("one");
        await trace.JsonAsync("footprint", "declare", part, "0.5", "--year", "2026");
        var two = await ExportAsync("two");

        Assert.NotEqual(one.GetProperty("id").GetString(), two.GetProperty("id").GetString());
        Assert.Equal(
            one.GetProperty("id").GetString(), Assert.Single(two.GetProperty("precedingPfIds").EnumerateArray()).GetString());
        Assert.Equal("2026-01-01T00:00:00Z", Shown(one, "referencePeriodEnd"));
        Assert.Equal("2026-01-01T00:00:00Z", Shown(two, "referencePeriodStart"));
        Assert.Equal("2027-01-01T00:00:00Z", Shown(two, "referencePeriodEnd"));
        Assert.Equal("-3.666666666667", Shown(two, "biogenicCO2Uptake"));
        Assert.Equal("-3.166666666667", Shown(two, "pcfIncludingBiogenicUptake"));

        async Task<JsonElement> ExportAsync(string name)
        {
            var file = Path.Combine(_folder.FullName, $"{name}.json");
            await trace.JsonAsync("export", "pact", part, "-o", file);
            return JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement;
        }

        static string? Shown(JsonElement document, string name) =>
            document.GetProperty("pcf").GetProperty(name).GetString();
    }

    [Fact]
    public async Task Of_two_final_exports_at_the_same_moment_one_names_the_other()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("steel", PartKind.Made);
        var contribution = new Contribution
        {
            TraceId = part,
            ReferencePeriod = CompanyAtWork.Year,
            Figures = new()
            {
                PrimaryShare = "1",
                Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "4" } },
            },
        };
        await a.Footprints.DeclareContributionAsync(new() { Contribution = contribution }, a.Call);
        var exports = new ExportService.ExportServiceClient(a.Channel);
        await DeclareAsync(
            exports, a, part,
            [
                .. Facts, "pcf.region=Eastern Asia", "pcf.rules=R1", "pcf.rules_operator=Example", "pcf.secondary_source=db",
                "pcf.secondary_source_version=1", "pcf.valid_until=2028-01-01T00:00:00Z",
                "product.classifications=urn:pact:productclassification:cn-code:85076000",
            ]);
        List<string> left = [];
        for (var round = 0; round < 8; round++)
        {
            await DeclareAsync(exports, a, part, [$"product.description=Steel {round}"]);

            var both = await Task.WhenAll(
                ExportAsync(exports, a, part, "catena-x", "7.0.0"), ExportAsync(exports, a, part, "catena-x", "9.0.0"),
                ExportAsync(exports, a, part, "catena-x", "9.0.0"));

            Assert.Equal(both[1], both[2]);
            var (one, other) = (Id(both[0]), Id(both[1]));
            Assert.NotEqual(one, other);
            Assert.True(both[0].Contains(other, StringComparison.Ordinal) != both[1].Contains(one, StringComparison.Ordinal));
            Assert.All(left, earlier => Assert.All(both, text => Assert.Contains(earlier, text, StringComparison.Ordinal)));
            left.AddRange([one, other]);
        }

        // Wherever the version of the standard has it: the document's own comes first.
        static string Id(string text) => Regex.Match(text, "\"id\": \"([0-9a-f-]{36})\"").Groups[1].Value;
    }

    [Fact]
    public async Task Of_a_retired_part_what_left_before_comes_out_again_and_nothing_new_leaves()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var part = await a.RegisterAsync("cast", PartKind.Made);
        await a.DeclareAsync(part, "4");
        var exports = new ExportService.ExportServiceClient(a.Channel);
        await DeclareAsync(exports, a, part, Facts);
        var before = await ExportAsync(exports, a, part, "pact");
        var moment = TimeProvider.System.GetUtcNow();
        await a.Parts.RetirePartAsync(new() { TraceId = part }, a.Call);

        Assert.Equal(before, await ExportAsync(exports, a, part, "pact"));
        Assert.Equal(before, await ExportAsync(exports, a, part, "pact", asOf: moment));
        foreach (var export in new[] { "csv", "xlsx" })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => ExportAsync(exports, a, part, export));
            Assert.Equal("PART_RETIRED", Refusals.Reason(refused));
            Assert.Contains("Register another part", refused.Status.Detail, StringComparison.Ordinal);
            // Written as if it were yesterday, it is new all the same.
            refused = await Assert.ThrowsAsync<RpcException>(() => ExportAsync(exports, a, part, export, asOf: moment));
            Assert.Equal("PART_RETIRED", Refusals.Reason(refused));
        }

        var review = await exports.ReviewExportAsync(new() { TraceId = part, Export = "csv" }, a.Call);
        Assert.False(review.Final);
        Assert.Contains(review.Fields, field => field.Path == "part" && field.Problem.Contains("is retired", StringComparison.Ordinal));
        Assert.Contains("DRAFT", await ExportAsync(exports, a, part, "catena-x", draft: true), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task DeclareAsync(
        ExportService.ExportServiceClient exports, CompanyAtWork company, string part, IEnumerable<string> facts)
    {
        var request = new DeclareProductFactsRequest { TraceId = part };
        request.Facts.Add(facts.ToDictionary(fact => fact.Split('=')[0], fact => fact.Split('=')[1]));
        await exports.DeclareProductFactsAsync(request, company.Call);
    }

    /// <summary>The first file of an export.</summary>
    private async Task<string> ExportAsync(
        ExportService.ExportServiceClient exports, CompanyAtWork company, string part, string export, string version = "",
        DateTimeOffset? asOf = null, bool draft = false)
    {
        using var call = exports.ExportPart(
            new() { TraceId = part, Export = export, RulesVersion = version, AsOfTime = asOf?.ToTimestamp(), Draft = draft },
            company.Call);
        string? first = null;
        while (await call.ResponseStream.MoveNext(federation.Deadline))
        {
            first ??= call.ResponseStream.Current.Content.ToStringUtf8();
        }

        return first!;
    }
}
