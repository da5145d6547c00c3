using System.Globalization;
using System.Text;
using System.Text.Json;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Exports;
using Traceability.Exports.Documents;
using Traceability.Exports.Rules;
using Xunit;
using Calendar = Traceability.Domain.Companies.Calendar;

namespace Traceability.UnitTests.Exports;

/// <summary>What a standard cannot say is a problem that says what it can, and never a final file.</summary>
public class ExportLimitTests
{
    private const string Unit = "part.unit";

    [Theory]
    [InlineData("pact", "3.0.3", "tonne", "kilogram", "5.598", "0.45", "0.00015")]
    [InlineData("pact", "3.0.3", "gram", "kilogram", "5598000", "450000", "150")]
    [InlineData("pact", "3.0.3", "watt hour", "kilowatt hour", "5598000", "450000", "150")]
    [InlineData("pact", "3.0.3", "kilowatt hour", "kilowatt hour", "5598", "450", "0.15")]
    [InlineData("pact", "3.0.3", "cubic meter", "cubic meter", "5598", "450", "0.15")]
    [InlineData("pact", "3.0.3", "hour", "hour", "5598", "450", "0.15")]
    [InlineData("pact", "3.0.3", "megabit second", "megabit second", "5598", "450", "0.15")]
    [InlineData("catena-x", "7.0.0", "tonne", "kilogram", "5.598", "0.45", "0.00015")]
    [InlineData("catena-x", "9.0.0", "tonne", "kilogram", "5.598", "0.45", "0.00015")]
    [InlineData("catena-x", "9.0.0", "hour", "hour", "5598", "450", "0.15")]
    [InlineData("catena-x", "10.0.0", "megabit second", "megabit second", "5598", "450", "0.15")]
    public void A_unit_that_a_standard_does_not_know_becomes_one_that_it_knows_with_every_digit(
        string export, string version, string unit, string theirs, string footprint, string mass, string carbon)
    {
        var review = Review(export, version, Samples.Battery() with { DeclaredUnit = unit });

        Assert.True(review.Final, string.Join("; ", review.Problems));
        Assert.Equal(theirs, $"{Value(review, Unit)}");
        Assert.Equal(footprint, $"{Value(review, "cradle_to_gate")}");
        Assert.Equal(mass, $"{Value(review, "product.mass_kg")}");
        Assert.Equal(carbon, $"{Value(review, "pcf.fossil_carbon_kg")}");
    }

    [Theory]
    [InlineData("catena-x", "7.0.0", "hour", "kilowatt hour, megajoule")]
    [InlineData("catena-x", "7.0.0", "megabit second", "ton kilometer")]
    [InlineData("catena-x", "9.0.0", "megabit second", "hour, megabit, second")]
    [InlineData("batterypass", "1.2.0", "kilogram", "piece")]
    [InlineData("idta", "1.0.0", "kilowatt hour", "piece")]
    [InlineData("battery-declaration", "2024-04-30", "tonne", "piece")]
    public void A_unit_that_no_standard_word_stands_for_is_a_problem_that_names_the_words(
        string export, string version, string unit, string words)
    {
        var problem = Assert.Single(Review(export, version, Samples.Battery() with { DeclaredUnit = unit }).Problems);

        Assert.Contains($"\"{unit}\"", problem.Problem, StringComparison.Ordinal);
        Assert.Contains(words, problem.Problem, StringComparison.Ordinal);
        Assert.Contains("register the part", problem.Who, StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_of_a_tonne_still_add_up_per_kilogram_and_lose_no_digit()
    {
        var thirds = StatedFigures.Of(Figures.Of(
            [new(LifeCycleStage.RawMaterial, 1m / 3), new(LifeCycleStage.MainProduction, 4m / 3)],
            components: [new(FigureComponent.Biogenic, 1m / 7), new(FigureComponent.LandUse, 1m / 9)]));
        var input = Samples.Battery("0.4", "0.25", "1.5") with { DeclaredUnit = "tonne", Figures = thirds };
        var pact = Review("pact", "3.0.3", input);

        Assert.True(pact.Final, string.Join("; ", pact.Problems));
        Assert.Equal(thirds.Total, Number(pact, "cradle_to_gate") * 1000);
        Assert.Equal(
            Number(pact, "cradle_to_gate"),
            Number(pact, "cradle_to_gate.fossil") + Number(pact, "component.biogenic") + Number(pact, "component.land_use"));
        Assert.Equal(-0.0055m, Number(pact, "biogenic_uptake"));
        Assert.Equal(Number(pact, "cradle_to_gate") - 0.0055m, Number(pact, "cradle_to_gate.with_uptake"));
    }

    [Fact]
    public void What_cannot_be_converted_to_the_last_digit_stays_in_its_unit_and_is_no_final_export()
    {
        var huge = StatedFigures.Of(Figures.Of([new(LifeCycleStage.MainProduction, 123456789012345.123456789012m)]));
        var perGram = Samples.Battery() with { DeclaredUnit = "gram", Figures = huge };

        Assert.True(Review("pact", "3.0.3", perGram with { DeclaredUnit = "tonne" }).Final);
        Assert.Contains(Review("pact", "3.0.3", perGram).Problems, one => one.Rule.From == Unit);
    }

    [Theory]
    [InlineData("figures", "tonne")]
    [InlineData("cbam", "tonne")]
    public void Where_a_table_names_no_units_the_unit_of_the_part_stays(string export, string unit)
    {
        var review = ExportReview.Of(ExportFormats.Versions(export)[0], Samples.Battery() with { DeclaredUnit = unit });

        Assert.Empty(review.Problems);
        Assert.DoesNotContain(review.Fields, field => field.Rule.From == Unit && $"{field.Value}" != unit);
    }

    [Theory]
    [InlineData("catena-x", "9.0.0", "pcf.region", "East Asia", "Eastern Asia, Eastern Europe")]
    [InlineData("catena-x", "10.0.0", "pcf.region", "eastern asia", "Eastern Asia, Eastern Europe")]
    [InlineData("catena-x", "7.0.0", "pcf.region", "Far East", "Global, Several")]
    [InlineData("catena-x", "9.0.0", "pcf.exempted_percent", "12", "no more than 10")]
    [InlineData("catena-x", "9.0.0", "pcf.exempted_percent", "10.000000000001", "no more than 10")]
    [InlineData("catena-x", "7.0.0", "pcf.exempted_percent", "5.1", "no more than 5")]
    [InlineData("catena-x", "9.0.0", "pcf.valid_until", "2026-03-31T23:59:59Z", "after 2026-04-01T00:00:00Z")]
    [InlineData("catena-x", "9.0.0", "pcf.valid_until", "2026-11-23T00:00:00Z", "today")]
    [InlineData("pact", "3.0.3", "pcf.valid_until", "2026-04-01T00:00:00Z", "after 2026-04-01T00:00:00Z")]
    [InlineData("pact", "3.0.3", "pcf.valid_until", "2029-04-01T00:00:01Z", "no later than 2029-04-01T00:00:00Z")]
    [InlineData("cbam-package", "2.0.0", "cbam.route", "open hearth", "BF-BOF, EAF")]
    [InlineData("cbam-package", "2.0.0", "cbam.category", "Steel", "iron, steel")]
    [InlineData("cbam-package", "2.0.0", "cbam.direct", "0.6543217", "6 places")]
    public void What_a_standard_does_not_take_is_a_problem_that_says_what_it_takes(
        string export, string version, string fact, string value, string right)
    {
        var review = Review(export, version, With((fact, value)));
        var problem = review.Problems.First(one => one.Fact == fact);

        Assert.All(review.Problems, one => Assert.Equal(fact, one.Fact));
        Assert.Contains(right, problem.Problem, StringComparison.Ordinal);
        Assert.NotEmpty(problem.Who!);
    }

    [Theory]
    [InlineData("catena-x", "9.0.0", "pcf.region", "Eastern Asia")]
    [InlineData("catena-x", "9.0.0", "pcf.region", "Global")]
    [InlineData("catena-x", "9.0.0", "pcf.exempted_percent", "10")]
    [InlineData("catena-x", "7.0.0", "pcf.exempted_percent", "5")]
    [InlineData("pact", "3.0.3", "pcf.exempted_percent", "12")]
    [InlineData("pact", "3.0.3", "pcf.region", "East Asia")]
    [InlineData("pact", "3.0.3", "pcf.valid_until", "2029-04-01T00:00:00Z")]
    [InlineData("catena-x", "9.0.0", "pcf.valid_until", "2039-04-01T00:00:00Z")]
    [InlineData("cbam-package", "2.0.0", "cbam.route", "DRI-EAF")]
    [InlineData("cbam-package", "2.0.0", "cbam.direct", "0.654321000000")]
    public void What_a_standard_takes_or_does_not_show_stands_in_nobodys_way(
        string export, string version, string fact, string value) =>
        Assert.Empty(Review(export, version, With((fact, value))).Problems);

    [Theory]
    [InlineData("pcf.country", "ZZ", "assigned")]
    [InlineData("manufacturer.ids", "urn:a:1 urn:a:1", "each once")]
    [InlineData("product.mass_kg", "heavy", "plain decimal")]
    public void What_was_taken_when_less_was_known_is_a_problem_and_not_left_out(string fact, string value, string right)
    {
        var problem = Assert.Single(Review("pact", "3.0.3", With((fact, value))).Problems);

        Assert.Equal(fact, problem.Fact);
        Assert.Contains($"\"{value}\"", problem.Problem, StringComparison.Ordinal);
        Assert.Contains(right, problem.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pcf.secondary_source", "pcf.secondary_source_version")]
    [InlineData("pcf.secondary_source_version", "pcf.secondary_source")]
    public void A_data_base_and_its_version_go_together(string given, string missing)
    {
        var facts = Samples.Facts();
        facts.Remove(missing);
        Assert.Equal(missing, Assert.Single(Review("pact", "3.0.3", Samples.Battery() with { Facts = facts }).Problems).Fact);

        facts.Remove(given);
        Assert.Empty(Review("pact", "3.0.3", Samples.Battery() with { Facts = facts }).Problems);
    }

    [Fact]
    public void A_share_of_primary_data_is_mandatory_where_the_standard_says_so()
    {
        var figures = Samples.Battery().Figures! with { Primary = null };
        var without = Samples.Battery() with { Figures = figures };

        var problem = Assert.Single(Review("catena-x", "7.0.0", without).Problems);
        Assert.Contains("share of primary data", problem.Who, StringComparison.Ordinal);
        Assert.Empty(Review("catena-x", "9.0.0", without).Problems);
        Assert.Empty(Review("catena-x", "7.0.0", without with
        {
            AsOf = new(2024, 12, 31, 0, 0, 0, TimeSpan.Zero),
            Period = new(Time("2024-01-01T00:00:00Z"), Time("2024-04-01T00:00:00Z")),
        }).Problems);
    }

    [Fact]
    public void A_footprint_that_is_out_of_date_is_told_to_nobody()
    {
        var old = Samples.Battery() with
        {
            Period = new(Time("2023-01-01T00:00:00Z"), Time("2023-11-24T00:00:00Z")),
            Facts = Samples.Facts().Where(fact => fact.Key != "pcf.valid_until").ToDictionary(),
        };

        Assert.Equal("period.end", Assert.Single(Review("pact", "3.0.3", old).Problems).Rule.From);
        Assert.Empty(Review("pact", "3.0.3", old with
        {
            Period = old.Period with { End = Time("2023-11-24T00:00:01Z") },
        }).Problems);
    }

    [Fact]
    public void More_biogenic_than_there_is_up_to_the_gate_is_a_problem_of_the_contribution()
    {
        var figures = Samples.Battery().Figures! with { Components = [new(FigureComponent.Biogenic, 5599m)] };
        var problem = Assert.Single(Review("pact", "3.0.3", Samples.Battery() with { Figures = figures }).Problems);

        Assert.Contains("is -1;", problem.Problem, StringComparison.Ordinal);
        Assert.Contains("declare the contribution", problem.Who, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00", "2027-01-01T00:00:00Z", "2026-12-31T23:59:59Z")]
    [InlineData("2026-01-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00", "2026-04-01T00:00:00Z", "2026-03-31T23:59:59Z")]
    [InlineData("2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00", "2024-03-01T00:00:00Z", "2024-02-29T23:59:59Z")]
    [InlineData("2026-05-06T00:00:00+00:00", "2026-05-07T00:00:00+00:00", "2026-05-07T00:00:00Z", "2026-05-06T23:59:59Z")]
    [InlineData("2026-01-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00", "2027-01-01T00:00:00+09:00", "2026-12-31T23:59:59+09:00")]
    public void The_end_of_a_period_is_exclusive_or_the_last_moment_as_the_standard_says(
        string start, string end, string exclusive, string last)
    {
        var input = Samples.Battery() with { Period = new(DateTimeOffset.Parse(start, CultureInfo.InvariantCulture), DateTimeOffset.Parse(end, CultureInfo.InvariantCulture)) };
        string Shown(string export, string version, string path) =>
            $"{Review(export, version, input).Fields.Single(field => field.Rule.Path == path).Value}";

        Assert.Equal(exclusive, Shown("pact", "3.0.3", "pcf.referencePeriodEnd"));
        Assert.Equal(last, Shown("catena-x", "7.0.0", "pcf.referencePeriodEnd"));
        Assert.Equal(last, Shown(
            "catena-x", "9.0.0", "pcfAssessmentAndMethodology[0].pcfAssessmentInformation[0].time[0].referencePeriodEnd"));
        Assert.Equal(last, Shown("cbam", "2026", "period.end"));
        Assert.Equal(start[..10], Shown("pact", "3.0.3", "pcf.referencePeriodStart")[..10]);
    }

    [Theory]
    [InlineData("2026-01-01T00:00:00+09:00", "2026-04-01T00:00:00+09:00", "2026-Q1")]
    [InlineData("2026-10-01T00:00:00-08:00", "2027-01-01T00:00:00-08:00", "2026-Q4")]
    [InlineData("2026-02-01T00:00:00+00:00", "2026-03-01T00:00:00+00:00", "2026-Q1")]
    public void A_quarter_is_one_in_the_zone_of_its_days(string start, string end, string quarter)
    {
        var input = Samples.Battery() with { Period = new(DateTimeOffset.Parse(start, CultureInfo.InvariantCulture), DateTimeOffset.Parse(end, CultureInfo.InvariantCulture)) };
        var review = Review("cbam-package", "2.0.0", input);

        Assert.True(review.Final, string.Join("; ", review.Problems));
        Assert.Equal(quarter, $"{Value(review, "period.quarter_id")}");
    }

    [Theory]
    [InlineData("Asia/Tokyo", "2025-12-31T15:00:00Z", "2026-03-31T15:00:00Z", "2026-01-01T00:00:00+09:00", "2026-03-31T23:59:59+09:00", "2026-Q1")]
    [InlineData("Europe/Berlin", "2025-12-31T23:00:00Z", "2026-03-31T22:00:00Z", "2026-01-01T00:00:00+01:00", "2026-03-31T23:59:59+02:00", "2026-Q1")]
    // Clocks leave out the first hour of the quarter that follows: its end is told by those of before.
    [InlineData("America/Asuncion", "2023-07-01T04:00:00Z", "2023-10-01T04:00:00Z", "2023-07-01T00:00:00-04:00", "2023-09-30T23:59:59-04:00", "2023-Q3")]
    public void Periods_are_told_in_the_days_of_the_company(
        string zone, string start, string end, string first, string last, string quarter)
    {
        var input = Samples.Battery() with
        {
            Period = new(DateTimeOffset.Parse(start, CultureInfo.InvariantCulture), DateTimeOffset.Parse(end, CultureInfo.InvariantCulture)),
            Zone = Calendar.Find(zone),
        };
        var known = ExportSources.Of(input);

        Assert.Equal((first, last, quarter), ($"{known["period.start"]}", $"{known["period.last"]}", $"{known["period.quarter_id"]}"));
    }

    [Theory]
    [InlineData("1", "0.5", "-3.666666666667", "-3.166666666667")]
    [InlineData("0.5", "0.5", "-1.833333333333", "-1.333333333333")]
    [InlineData("3", "0.5", "-11", "-10.5")]
    [InlineData("0.000000000001", "0.5", "-0.000000000004", "0.499999999996")]
    [InlineData("0.12", "0.44", "-0.44", "0")]
    public void What_plants_took_up_is_negative_and_taken_off_once(
        string carbon, string footprint, string uptake, string with)
    {
        Assert.True(Amount.TryParse(footprint, out var amount));
        var figures = StatedFigures.Of(Figures.Of([new(LifeCycleStage.MainProduction, amount)]));
        var input = With(("pcf.biogenic_carbon_kg", carbon)) with { Figures = figures };
        using var pact = JsonDocument.Parse(JsonRenderer.Render(Review("pact", "3.0.3", input)));
        string? Shown(string name) => pact.RootElement.GetProperty("pcf").GetProperty(name).GetString();

        Assert.Equal(uptake, Shown("biogenicCO2Uptake"));
        Assert.Equal(with, Shown("pcfIncludingBiogenicUptake"));
        Assert.Equal(footprint, Shown("pcfExcludingBiogenicUptake"));
        Assert.Equal(uptake, $"{Value(Review("catena-x", "9.0.0", input), "biogenic_uptake")}");
    }

    [Fact]
    public void Without_biogenic_carbon_nothing_is_taken_off()
    {
        var text = Encoding.UTF8.GetString(JsonRenderer.Render(Review("pact", "3.0.3", Samples.Battery())));

        Assert.DoesNotContain("biogenicCO2Uptake", text, StringComparison.Ordinal);
        Assert.Contains("\"pcfIncludingBiogenicUptake\": \"5598\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("battery.capacity_kwh", "battery.capacity_kwh")]
    [InlineData("battery.vehicle_category", "battery.vehicle_category")]
    [InlineData("battery.warranty_years", "battery.warranty_years")]
    [InlineData("declaration.distribution_kg", "declaration.distribution_kg")]
    [InlineData("declaration.end_of_life_kg", "declaration.end_of_life_kg")]
    public void A_computed_value_that_is_missing_names_the_fact_it_waits_for(string removed, string named)
    {
        var facts = Samples.Facts();
        facts.Remove(removed);
        var review = Review("batterypass", "1.2.0", Samples.Battery() with { Facts = facts });

        Assert.NotEmpty(review.Problems);
        Assert.All(review.Problems, problem => Assert.Equal(named, problem.Fact));
    }

    [Fact]
    public void Another_vehicle_needs_its_own_cycles()
    {
        var other = With(("battery.vehicle_category", "other"));

        Assert.All(Review("idta", "1.0.0", other).Problems, one => Assert.Equal("battery.cycles_per_year", one.Fact));
        Assert.Empty(Review("idta", "1.0.0", With(
            ("battery.vehicle_category", "other"), ("battery.cycles_per_year", "60"))).Problems);
    }

    private static ExportInput With(params (string Fact, string Value)[] said)
    {
        var facts = Samples.Facts();
        foreach (var (fact, value) in said)
        {
            facts[fact] = value;
        }

        return Samples.Battery() with { Facts = facts };
    }

    /// <summary>On the day of the sample, or on the first of a table that comes later.</summary>
    private static ExportReview Review(string export, string version, ExportInput input)
    {
        var table = ExportFormats.Versions(export).Single(one => one.Version == version);
        var day = new DateTimeOffset(table.ValidFrom.ToDateTime(default), TimeSpan.Zero);
        return ExportReview.Of(table, input with { AsOf = input.AsOf < day ? day : input.AsOf });
    }

    private static ExportValue? Value(ExportReview review, string source) =>
        review.Fields.First(field => field.Rule.From == source).Value;

    private static decimal Number(ExportReview review, string source) =>
        Assert.IsType<ExportValue.Number>(Value(review, source)).Value;

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
