using System.Globalization;
using System.Text;
using System.Text.Json;
using Traceability.Domain.Footprints;
using Traceability.Exports;
using Traceability.Exports.Documents;
using Traceability.Exports.Energy;
using Traceability.Exports.Facts;
using Traceability.Exports.Rules;
using Xunit;

namespace Traceability.UnitTests.Exports;

public class ExportTests
{
    public static TheoryData<string> Formats => new(ExportFormats.All.Select(format => format.Name));

    [Fact]
    public void A_battery_of_75_kilowatt_hours_has_the_declared_value_of_the_worked_example()
    {
        var sources = ExportSources.Of(Samples.Battery());

        Assert.Equal(36000m, sources.Number("energy_delivered_kwh"));
        Assert.Equal(5868m, sources.Number("absolute"));
        Assert.Equal(0.163m, sources.Number("per_kwh_delivered"));
        Assert.Equal(0.117m, sources.Number("per_kwh_delivered.raw_material"));
        Assert.Equal(0.0385m, sources.Number("per_kwh_delivered.main_production"));
        Assert.Equal(0.002m, sources.Number("per_kwh_delivered.distribution"));
        Assert.Equal(0.0055m, sources.Number("per_kwh_delivered.end_of_life"));
        Assert.Equal(78.24m, sources.Number("per_kwh_of_capacity"));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_same_input_gives_the_same_bytes(string name)
    {
        foreach (var part in ExportFormats.Find(name)!.Parts)
        {
            var one = part.Render(Review(part, Samples.Battery()));
            var other = part.Render(Review(part, Samples.Battery()));

            Assert.Equal(one, other);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_product_with_all_facts_has_a_final_export(string name)
    {
        foreach (var part in ExportFormats.Find(name)!.Parts)
        {
            var review = Review(part, Samples.Battery());

            Assert.True(review.Final, string.Join("; ", review.Problems.Select(one => $"{one.Rule.Path} {one.Problem}")));
            Assert.DoesNotContain("DRAFT", Encoding.UTF8.GetString(part.Render(review)), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void An_incomplete_total_has_no_final_export_and_a_draft_says_so(string name)
    {
        foreach (var part in ExportFormats.Find(name)!.Parts)
        {
            var review = Review(part, Samples.Battery() with { Complete = false });

            Assert.False(review.Final);
            Assert.Contains(review.Problems, one => one.Problem!.Contains("incomplete", StringComparison.Ordinal));
            if (part.Extension != "xlsx")
            {
                Assert.Contains("DRAFT", Encoding.UTF8.GetString(part.Render(review)), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void What_is_missing_is_named_with_who_has_to_supply_it()
    {
        var facts = Samples.Facts();
        facts.Remove("declaration.conformity_id");
        facts.Remove("declaration.distribution_kg");
        facts.Remove("plant.id");
        var review = Review(Part("battery-declaration"), Samples.Battery() with { Facts = facts });

        Assert.Contains(review.Problems, one => one is { Fact: "declaration.conformity_id", Who: "the maker, with the notified body" });
        Assert.Contains(review.Problems, one => one is { Fact: "plant.id", Who: "the maker" });
        Assert.Contains(review.Problems, one => one.Rule.Path == "carbonFootprint.absolute.distribution"
            && one.Who!.Contains("the battery maker", StringComparison.Ordinal));
        // A stage that nobody declared is not zero: there is no value per kWh either.
        Assert.Contains(review.Problems, one => one.Rule.Path == "carbonFootprint.perKilowattHourDelivered.total");
    }

    [Fact]
    public void What_is_pending_must_not_be_shown()
    {
        var facts = Samples.Facts();
        facts["declaration.performance_class"] = "A";
        var review = Review(Part("battery-declaration"), Samples.Battery() with { Facts = facts });

        var problem = Assert.Single(review.Problems);
        Assert.Equal((FieldState.Pending, "performanceClass"), (problem.State, problem.Rule.Path));
        Assert.Equal("declaration.performance_class", problem.Fact);
        Assert.DoesNotContain(
            "\"A\"", Encoding.UTF8.GetString(JsonRenderer.Render(review)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_footprint_per_kilowatt_hour_of_capacity_is_not_taken_for_one_per_kilowatt_hour_delivered()
    {
        var facts = Samples.Facts();
        facts["battery.warranty_years"] = "0.02";
        var review = Review(Part("batterypass"), Samples.Battery() with { Facts = facts });

        var problem = Assert.Single(review.Problems);
        Assert.Contains("65.2 is not between", problem.Problem, StringComparison.Ordinal);
        Assert.Contains("per kWh of capacity", problem.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_warranty_in_kilometres_counts_where_it_is_shorter()
    {
        var facts = Samples.Facts();
        facts["battery.warranty_km"] = "100000";

        Assert.Equal(22500m, ExportSources.Of(Samples.Battery() with { Facts = facts }).Number("energy_delivered_kwh"));
    }

    [Fact]
    public void Stages_add_to_the_total_after_rounding_whatever_they_are()
    {
        var random = new Random(11);
        for (var time = 0; time < 1000; time++)
        {
            decimal[] parts = [.. Enumerable.Range(0, 4).Select(_ => (random.Next(1, 1_000_000) - 20_000) / 7m)];

            var (total, rounded) = Apportionment.Of(parts, 6);

            Assert.Equal(total, rounded.Sum());
            Assert.True(Math.Abs(total - parts.Sum()) <= 0.0000005m);
            Assert.All(parts.Zip(rounded), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= 0.000001m));
        }
    }

    [Fact]
    public void Stages_and_total_add_up_although_each_was_rounded()
    {
        var thirds = StatedFigures.Of(Figures.Of(
            [new(LifeCycleStage.RawMaterial, 1m / 3), new(LifeCycleStage.MainProduction, 4m / 3)]));
        Assert.NotEqual(thirds.Total, thirds.Stages!.Sum(stage => stage.Amount));

        var sources = ExportSources.Of(Samples.Battery() with { Figures = thirds });

        Assert.Equal(thirds.Total, sources.Number("stage.raw_material") + sources.Number("stage.main_production"));
        Assert.Equal(thirds.Total, sources.Number("cradle_to_gate"));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("0.4", null, null)]
    [InlineData("0.4", "0.25", "1.5")]
    public void Whatever_is_split_fossil_and_the_rest_add_up_to_the_footprint(string? biogenic, string? landUse, string? carbon)
    {
        var input = Samples.Battery(biogenic, landUse, carbon);
        foreach (var (export, version, places) in SplitPlaces)
        {
            var table = ExportFormats.Versions(export).Single(one => one.Version == version);
            var review = ExportReview.Of(table, input);

            decimal? Shown(string place) =>
                (review.Fields.SingleOrDefault(field => field.Rule.Path == place)?.Value as ExportValue.Number)?.Value;
            var excluding = Shown(places[0]);
            Assert.NotNull(excluding);
            Assert.Equal(excluding, Shown(places[1]) + (Shown(places[2]) ?? 0) + (Shown(places[3]) ?? 0));
            Assert.Equal(biogenic is null, Shown(places[2]) is null);
            Assert.Equal(landUse is null, Shown(places[3]) is null);
            Assert.Equal(carbon is null ? null : -5.5m, Shown(places[4]));
            Assert.Equal(excluding + (Shown(places[4]) ?? 0), Shown(places[5]));
        }
    }

    /// <summary>Without uptake, fossil, biogenic, land use, uptake, with uptake.</summary>
    private static IReadOnlyList<(string Export, string Version, string[] Places)> SplitPlaces { get; } =
    [
        ("catena-x", "7.0.0", [.. Under(
            "pcf.", "pcfExcludingBiogenic", "fossilGhgEmissions", "biogenicCarbonEmissionsOtherThanCO2", "dlucGhgEmissions",
            "biogenicCarbonWithdrawal", "pcfIncludingBiogenic")]),
        .. new[] { ("catena-x", "9.0.0"), ("catena-x", "10.0.0"), ("pact", "3.0.3") }.Select(one => (
            one.Item1, one.Item2, Under(
                one.Item1 == "pact" ? "pcf." : "productLifeCycleStagesAndEmissions[0].productionStage[0].",
                "pcfExcludingBiogenicUptake", "fossilGhgEmissions", "biogenicNonCO2Emissions", "landUseChangeGhgEmissions",
                "biogenicCO2Uptake", "pcfIncludingBiogenicUptake"))),
    ];

    private static string[] Under(string prefix, params string[] names) => [.. names.Select(name => prefix + name)];

    [Fact]
    public void Any_two_exports_show_the_same_figures()
    {
        var sources = ExportSources.Of(Samples.Battery());
        foreach (var part in ExportFormats.All.SelectMany(format => format.Parts))
        {
            foreach (var number in Review(part, Samples.Battery()).Fields.Where(one => one is { Value: not null, Rule: { From: not null, Unit: not null } }))
            {
                Assert.Equal(sources.GetValueOrDefault(number.Rule.From!), number.Value);
            }
        }

        using var pass = JsonDocument.Parse(JsonRenderer.Render(Review(Part("batterypass"), Samples.Battery())));
        using var idta = JsonDocument.Parse(JsonRenderer.Render(Review(Part("idta"), Samples.Battery())));
        using var declaration = JsonDocument.Parse(JsonRenderer.Render(Review(
            ExportFormats.Find("battery-declaration")!.Parts[1], Samples.Battery())));
        var declared = pass.RootElement.GetProperty("batteryCarbonFootprint").GetDecimal();
        Assert.Equal(0.163m, declared);
        Assert.Equal(declared, pass.RootElement.GetProperty("carbonFootprintPerLifecycleStage").EnumerateArray()
            .Sum(stage => stage.GetProperty("carbonFootprint").GetDecimal()));
        var entries = idta.RootElement.GetProperty("ProductCarbonFootprints").EnumerateArray()
            .Select(entry => entry.GetProperty("PcfCo2eq").GetDecimal()).ToArray();
        Assert.Equal(declared, entries[0]);
        Assert.Equal(declared, entries[1..5].Sum());
        Assert.Equal(declared, declaration.RootElement.GetProperty("carbonFootprint")
            .GetProperty("perKilowattHourDelivered").GetProperty("total").GetDecimal());
    }

    [Fact]
    public void Earlier_versions_are_named_by_the_ids_they_had()
    {
        using var pact = JsonDocument.Parse(JsonRenderer.Render(Review(Part("pact"), Samples.Battery())));

        var preceding = pact.RootElement.GetProperty("precedingPfIds").EnumerateArray().Select(id => id.GetString());
        Assert.Equal(Samples.Battery().Earlier.Select(one => one.Id), preceding);
    }

    [Fact]
    public void The_charge_is_price_times_emission_times_quantity_less_what_was_paid()
    {
        var sources = ExportSources.Of(Samples.Battery());

        // 80 EUR x (0.65 + 0.18) t/t x 500 t = 33,200 EUR, less 1,200 EUR.
        Assert.Equal(0.83m, sources.Number("cbam.specific"));
        Assert.Equal(32000m, sources.Number("cbam.charge"));
    }

    [Fact]
    public void Newer_rules_count_from_their_day_on()
    {
        var part = Part("catena-x");

        Assert.Equal("9.0.0", ExportFormats.TableOf(part, null, new(2026, 11, 24)).Version);
        Assert.Equal("10.0.0", ExportFormats.TableOf(part, null, new(2026, 12, 24)).Version);
        Assert.Equal("7.0.0", ExportFormats.TableOf(part, "7.0.0", new(2026, 12, 24)).Version);
    }

    [Fact]
    public void A_version_names_the_rules_of_one_file_and_leaves_the_other_as_it_is() => Assert.Equal(
        ["2026", "2.0.0"],
        ExportFormats.Find("cbam")!.Parts.Select(part => ExportFormats.TableOf(part, "2026", new(2026, 11, 24)).Version));

    [Fact]
    public void Every_rule_names_a_fact_or_a_figure_and_every_fact_has_its_place()
    {
        var known = ExportSources.Of(Samples.Battery()).Keys.Concat(FactTable.All.Select(fact => fact.Name))
            .Concat(["component.biogenic", "component.land_use", "biogenic_uptake", "footprint.id", "footprint.created"])
            .Concat(["footprint.date", "footprint.preceding_ids"]).ToHashSet();
        var tables = ExportFormats.All.SelectMany(format => format.Parts).SelectMany(part => ExportFormats.Versions(part.Table))
            .Distinct().ToArray();

        Assert.All(tables.SelectMany(table => table.Fields.Concat(table.Checks ?? [])), rule =>
        {
            Assert.True(rule.From is not null ^ rule.Value is not null, rule.Path);
            Assert.True(rule.From is null || known.Contains(rule.From), $"{rule.Path}: {rule.From}");
        });
        Assert.All(tables, table => Assert.NotEmpty(table.Source));
        Assert.All(tables.SelectMany(table => table.Plausible ?? []), range =>
            Assert.All(range.Facts, fact => Assert.NotNull(FactTable.Find(fact))));
    }

    [Theory]
    [InlineData("EV", 51, 8, 1, 4, 7)]
    [InlineData("LMT", 54, 8, 1, 4, 4)]
    [InlineData("industrial", 36, 26, 1, 4, 4)]
    public void The_71_data_points_of_a_passport_have_a_state_each(
        string category, int mandatory, int conditional, int optional, int pending, int never)
    {
        var table = ExportFormats.Versions("battery-passport").Single();
        var states = table.Fields.Select(field => field.StateFor(category, new(2027, 2, 18))).ToArray();

        Assert.Equal(71, states.Length);
        Assert.Equal(
            [mandatory, conditional, optional, pending, never],
            Enum.GetValues<FieldState>().Select(state => states.Count(one => one == state)));
    }

    [Fact]
    public void A_passport_lists_what_is_missing_and_keeps_back_what_is_pending()
    {
        var facts = Samples.Facts();
        facts["passport.19"] = "a report";
        facts["passport.62"] = "98 %";
        facts.Remove("passport.12");
        var review = Review(Part("battery-passport"), Samples.Battery() with { Facts = facts });
        var text = Encoding.UTF8.GetString(JsonRenderer.Render(review));

        Assert.Equal(
            [
                "passport.12 is missing by the battery maker", "passport.19 must not be shown yet by the battery maker",
                "passport.62 must not be filled by the battery maker",
            ],
            review.Problems.Select(one => $"{one.Fact} {one.Problem!.Split(':', '.')[0]} by {one.Who}"));
        Assert.All(["dataPoint17", "dataPoint19", "dataPoint62"], one =>
            Assert.DoesNotContain(one, text, StringComparison.Ordinal));
    }

    [Fact]
    public void End_of_life_follows_the_circular_footprint_formula()
    {
        // Aluminium, A = 0.2: 12 % recycled content, 90 % recycled after use, 5 % burnt, 5 % disposed of.
        var footprint = new CircularFootprint(
            0.12m, 0.9m, 0.05m, 0.2m, 10m, 1m, 0.8m, 10m, 1m, 0.95m, 0.5m, 0.6m, 0.02m);

        Assert.Equal((0.88m * 10m) + (0.12m * ((0.2m * 1m) + (0.8m * 10m))), footprint.Material);
        Assert.Equal(0.8m * 0.9m * (0.8m - 9.5m), footprint.RecyclingAfterUse);
        Assert.Equal(0.4m * 0.05m * 0.5m, footprint.Energy);
        Assert.Equal(0.05m * 0.02m, footprint.Rest);
        Assert.Equal(-6.253m, footprint.EndOfLife);
    }

    [Theory]
    [InlineData("battery.capacity_kwh", "-1")]
    [InlineData("battery.capacity_kwh", "64,0")]
    [InlineData("battery.category", "car")]
    [InlineData("manufacturer.country", "Japan")]
    [InlineData("manufacturer.country", "ZZ")]
    [InlineData("pcf.country", "UK")]
    [InlineData("pcf.country", "jp")]
    [InlineData("manufacturer.ids", "urn:example:1 urn:example:1")]
    [InlineData("manufacturer.ids", "urn:example:\u96fb\u6c60")]
    [InlineData("declaration.study", "https://example.com/a b")]
    [InlineData("pcf.exempted_percent", "101")]
    [InlineData("battery.warranty_years", "0")]
    [InlineData("manufacturer.name", "half \ud83d")]
    [InlineData("manufacturer.ids", "BPNL0001")]
    [InlineData("declaration.study", "javascript:alert(1)")]
    [InlineData("pcf.valid_until", "tomorrow")]
    [InlineData("cbam.cn_code", "8507")]
    [InlineData("manufacturer.name", "Example\uFFFF")]
    [InlineData("manufacturer.name", "Example\u0000")]
    [InlineData("declaration.study", "https://example.com/\u0001")]
    public void A_wrong_fact_is_refused_with_what_would_be_right(string name, string value) =>
        Assert.NotNull(FactTable.Find(name)!.Problem(value));

    [Fact]
    public void What_people_typed_is_text_in_pages_and_tables()
    {
        var facts = Samples.Facts();
        facts["product.model"] = "<script>alert(1)</script>";
        var input = Samples.Battery() with { Facts = facts };
        var page = Encoding.UTF8.GetString(HtmlRenderer.Render(Review(Part("battery-declaration"), input)));
        facts["product.model"] = "=1+cmd";
        var table = Encoding.UTF8.GetString(CsvRenderer.Render(Review(Part("csv"), input)));

        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain(",=", table, StringComparison.Ordinal);
    }

    [Fact]
    public void A_figure_ends_without_zeros_and_what_was_declared_keeps_its_own()
    {
        var facts = Samples.Facts();
        (facts["product.mass_kg"], facts["cbam.direct"]) = ("450.00", "0.650");
        var input = Samples.Battery() with { Facts = facts };
        string Text(ExportPart part) => Encoding.UTF8.GetString(part.Render(Review(part, input)));

        Assert.Contains("\"productMassPerDeclaredUnit\": \"450.00\"", Text(Part("pact")), StringComparison.Ordinal);
        Assert.Contains("\"productMassPerDeclaredUnit\": 450.00", Text(Part("catena-x")), StringComparison.Ordinal);
        // 0.650 + 0.18 of every ton.
        Assert.Contains(": 0.83\n", Text(Part("cbam")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cbam.direct", "much")]
    [InlineData("cbam.direct", "-1")]
    [InlineData("no.fact", "1")]
    public void What_cannot_be_what_its_rule_says_counts_as_not_declared(string name, string value) =>
        Assert.Empty(FactTable.Read(new Dictionary<string, string> { [name] = value }));

    internal static ExportReview Review(ExportPart part, ExportInput input, string? version = null) => ExportReview.Of(
        ExportFormats.TableOf(part, version, DateOnly.FromDateTime(input.AsOf.UtcDateTime)), input);

    internal static ExportPart Part(string format) => ExportFormats.Find(format)!.Parts[0];
}

/// <summary>The battery of the worked example, with everything that any export asks for.</summary>
internal static class Samples
{
    public static ExportInput Battery() => new(
        new(Guid.Parse("0190a5c7-6d4e-7c1a-8f00-0242ac120002")),
        new(Guid.Parse("0190a5c7-6d4e-7c1a-8f00-0242ac120003")),
        "piece",
        "Zm9vYmFy",
        3,
        StatedFigures.Of(Figures.Of(
            [
                new(LifeCycleStage.RawMaterial, 4212m, Rating.Of(4212m, 2, 1, 3)),
                new(LifeCycleStage.MainProduction, 1386m, Rating.Of(1386m, 2, 1, 1)),
            ],
            0.5m)),
        true,
        new(Day("2026-01-01"), Day("2026-04-01")),
        Day("2026-05-01"),
        Facts(),
        Day("2026-11-24"),
        [new("5e3a1c9e-7d0b-4f65-9d3c-2b8f4e0a6c12"), new("0c4f7c55-1b7e-4f0e-8a43-6f5d3e2b1a90")]);

    /// <summary>The same with some of it split off, and with carbon that plants took up.</summary>
    public static ExportInput Battery(string? biogenic, string? landUse, string? carbon)
    {
        var (battery, facts) = (Battery(), Facts());
        facts["pcf.biogenic_carbon_kg"] = carbon ?? "0";
        ComponentFigure[] components =
        [
            .. Component(FigureComponent.Biogenic, biogenic), .. Component(FigureComponent.LandUse, landUse),
        ];
        return battery with { Facts = facts, Figures = battery.Figures! with { Components = components } };
    }

    private static IEnumerable<ComponentFigure> Component(FigureComponent component, string? amount) => amount is null
        ? []
        : [new(component, decimal.Parse(amount, CultureInfo.InvariantCulture))];

    /// <summary>With every data point that is mandatory for an EV battery.</summary>
    public static Dictionary<string, string> Facts() => ExportFormats.Versions("battery-passport").Single().Fields
        .Where(field => field.State == FieldState.Mandatory && field.From!.StartsWith("passport.", StringComparison.Ordinal))
        .Select(field => KeyValuePair.Create(field.From!, $"as said for {field.Label}"))
        .Concat(Declared()).ToDictionary();

    private static Dictionary<string, string> Declared() => new()
    {
        ["manufacturer.name"] = "Example Cells GmbH",
        ["manufacturer.street"] = "Example Street 1",
        ["manufacturer.postal_code"] = "38100",
        ["manufacturer.city"] = "Example Town",
        ["manufacturer.country"] = "DE",
        ["manufacturer.contact"] = "contact@example.com",
        ["manufacturer.ids"] = "urn:bpn:BPNL000000000001",
        ["product.model"] = "EXAMPLE-75",
        ["product.description"] = "A battery of 75 kWh",
        ["product.ids"] = "urn:example:product:EXAMPLE-75",
        ["product.classifications"] = "urn:pact:productclassification:cn-code:85076000",
        ["product.mass_kg"] = "450",
        ["plant.id"] = "Plant 1",
        ["plant.city"] = "Example Town",
        ["plant.country"] = "DE",
        ["battery.category"] = "EV",
        ["battery.vehicle_category"] = "M1",
        ["battery.capacity_kwh"] = "75",
        ["battery.warranty_years"] = "8",
        ["declaration.distribution_kg"] = "72",
        ["declaration.end_of_life_kg"] = "198",
        ["declaration.conformity_id"] = "DOC-1",
        ["declaration.study"] = "https://example.com/cfp/EXAMPLE-75/plant-1.pdf",
        ["declaration.study_document"] = "DOC-CFP-STUDY-0001",
        ["pcf.region"] = "Western Europe",
        ["pcf.country"] = "DE",
        ["pcf.exempted_percent"] = "1",
        ["pcf.fossil_carbon_kg"] = "0.15",
        ["pcf.rules"] = "urn:catena-x:pcf-rulebook:v4",
        ["pcf.rules_operator"] = "Catena-X",
        ["pcf.gwp"] = "AR6",
        ["pcf.valid_until"] = "2027-12-31T23:59:59Z",
        ["pcf.secondary_source"] = "ecoinvent",
        ["pcf.secondary_source_version"] = "3.8",
        ["cbam.cn_code"] = "72163100",
        ["cbam.category"] = "steel",
        ["cbam.route"] = "EAF",
        ["cbam.installation_id"] = "INST-001",
        ["cbam.installation_name"] = "Works",
        ["cbam.installation_country"] = "JP",
        ["cbam.direct"] = "0.65",
        ["cbam.indirect"] = "0.18",
        ["cbam.quantity"] = "500",
        ["cbam.certificate_price"] = "80",
        ["cbam.carbon_price_paid"] = "1200",
    };

    private static DateTimeOffset Day(string day) =>
        new(DateTime.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture), TimeSpan.Zero);
}
