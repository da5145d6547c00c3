using System.Globalization;
using System.Text;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Exports;
using Traceability.Exports.Documents;
using Traceability.Exports.Facts;
using Traceability.Exports.Rules;
using Traceability.Tests;
using Xunit;

namespace Traceability.UnitTests.Exports;

/// <summary>Whatever a company declared: what is final is valid where it goes, and what is refused says the way out.</summary>
public class ExportPropertyTests
{
    private const int Seed = 15;
    private const int Products = 2000;

    /// <summary>Facts that depend on others, one after the other.</summary>
    private const int MaxRounds = 12;

    private static readonly (ExportPart Part, RuleTable Table)[] Tables =
    [
        .. from part in ExportFormats.All.SelectMany(format => format.Parts).DistinctBy(part => (part.Table, part.Extension))
           where part.Extension != "xlsx"
           from table in ExportFormats.Versions(part.Table)
           select (part, table),
    ];

    [Fact]
    public async Task Every_final_export_is_valid_and_every_refusal_names_what_lets_it_through()
    {
        var products = new RandomProducts(new Random(Seed));
        var (finalAtOnce, helped) = (0, 0);
        for (var index = 0; index < Products; index++)
        {
            var input = products.Next();
            foreach (var (part, table) in Tables)
            {
                var review = ExportReview.Of(table, input);
                var (final, rounds) = Through(review, index);
                (finalAtOnce, helped) = rounds == 0 ? (finalAtOnce + 1, helped) : (finalAtOnce, helped + 1);
                await MustBeValidAsync(part, final, index);
            }
        }

        // A generator that makes only one of the two would prove nothing of the other.
        Assert.True(finalAtOnce > Products / 10 && helped > Products, $"{finalAtOnce} at once, {helped} helped");
    }

    /// <summary>Does what each problem says, and nothing else, until there is none.</summary>
    private static (ExportReview Review, int Rounds) Through(ExportReview review, int index)
    {
        for (var round = 0; ; round++)
        {
            if (review.Final)
            {
                return (review, round);
            }

            var problems = string.Join("\n", review.Problems);
            Assert.True(round < MaxRounds, $"Seed {Seed}, product {index}, {review.Table.Export}: no way out.\n{problems}");
            Assert.All(review.Problems, problem => Assert.False(string.IsNullOrEmpty(problem.Who), $"{problem}"));
            review = ExportReview.Of(review.Table, review.Problems.Aggregate(review.Input, Helped(review, round)));
        }
    }

    private static Func<ExportInput, ReviewedField, ExportInput> Helped(ExportReview review, int round) =>
        (input, problem) =>
        {
            if (problem.Problem!.Contains("Take it back", StringComparison.Ordinal))
            {
                return With(input, problem.Fact!, null);
            }

            if (problem.Problem.Contains("It is computed from the footprint and", StringComparison.Ordinal))
            {
                return Plausible(input, problem, round);
            }

            return problem.Fact is { } fact ? With(input, fact, Good(fact, input, review.Table)) : Act(input, problem, review);
        };

    /// <summary>What the table takes: some take what others do not.</summary>
    private static string Good(string fact, ExportInput input, RuleTable table)
    {
        if (fact != "pcf.valid_until")
        {
            return GoodFacts.Of[fact];
        }

        var end = input.Period?.End ?? input.AsOf;
        var later = (end > input.AsOf ? end : input.AsOf).AddDays(180);
        var latest = end.AddYears(3);
        var until = later < latest || table.Export != "pact" ? later : latest;
        return until.UtcDateTime.ToString(ExportValue.Time.Format, CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// The facts it is computed from; where these are right already, the footprint, which is named, too.
    /// </summary>
    private static ExportInput Plausible(ExportInput input, ReviewedField problem, int round)
    {
        Assert.Contains(problem.Fact!, problem.Problem, StringComparison.Ordinal);
        string[] facts =
        [
            "declaration.distribution_kg", "declaration.end_of_life_kg", "battery.vehicle_category", "battery.warranty_years",
            "battery.warranty_km",
        ];
        var right = facts.Aggregate(input, (at, fact) => With(at, fact, GoodFacts.Of[fact]));
        var capacity = decimal.Round((ExportSources.Of(right).Number("absolute") ?? 0) / 80, 6);
        return capacity is >= 1 and <= 1_000_000 && round < MaxRounds / 2
            ? With(right, "battery.capacity_kwh", Amount.Format(capacity))
            : With(right, "battery.capacity_kwh", "75") with { Figures = Samples.Battery().Figures };
    }

    /// <summary>What a person does, as the problem says.</summary>
    private static ExportInput Act(ExportInput input, ReviewedField problem, ExportReview review)
    {
        var source = problem.Rule.From ?? problem.Rule.Path;
        var day = new DateTimeOffset(review.Table.ValidFrom.ToDateTime(default), TimeSpan.Zero);
        return source.Split('.')[0] switch
        {
            "version" when problem.Who!.Contains("version", StringComparison.Ordinal) => input with { AsOf = day },
            "total" when problem.Who!.Contains("answer", StringComparison.Ordinal) => input with { Complete = true },
            "part" when problem.Who!.Contains("register the part", StringComparison.Ordinal) =>
                input with { DeclaredUnit = "piece" },
            "period" when problem.Who!.Contains("reference period", StringComparison.Ordinal) =>
                input with { Period = Quarter(input.AsOf) },
            "cradle_to_gate" or "stage" or "absolute" or "per_kwh_delivered" or "per_kwh_of_capacity" or "primary_percent"
                when problem.Who!.Contains("contribution", StringComparison.Ordinal)
                    || problem.Who.Contains("declare by stage", StringComparison.Ordinal) =>
                input with { Figures = Samples.Battery().Figures },
            _ => throw new Xunit.Sdk.XunitException($"{review.Table.Export} {review.Table.Version}: {problem}"),
        };
    }

    private static ReferencePeriod Quarter(DateTimeOffset before)
    {
        var end = new DateTimeOffset(before.Year, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return new(end.AddMonths(-3), end);
    }

    private static ExportInput With(ExportInput input, string fact, string? value)
    {
        var facts = new Dictionary<string, string>(input.Facts);
        facts.Remove(fact);
        if (value is not null)
        {
            Assert.True(FactTable.Find(fact)!.Problem(value) is null, $"{fact}={value}");
            facts[fact] = value;
        }

        return input with { Facts = facts };
    }

    private static async Task MustBeValidAsync(ExportPart part, ExportReview review, int index)
    {
        var bytes = part.Render(review);
        var text = Encoding.UTF8.GetString(bytes);
        Assert.DoesNotContain(Draft.Mark, text, StringComparison.Ordinal);
        Assert.True(bytes.AsSpan().SequenceEqual(part.Render(ExportReview.Of(review.Table, review.Input))), "Other bytes.");
        Assert.All(
            review.Shown.Where(shown => shown.Rule.From is { } from && FactTable.Find(from)?.Kind == "country"),
            shown => Assert.Contains($"{shown.Value}", FactTable.Countries));
        IEnumerable<string> errors = [];
        if (part.Extension == "xml")
        {
            errors = PublishedSchemas.PackageMissing is null ? PublishedPackage.Errors(text) : [];
        }
        else if (PublishedSchemas.All.Contains((review.Table.Export, review.Table.Version)))
        {
            errors = (await PublishedSchemas.ReadAsync(review.Table.Export, review.Table.Version)).Validate(text)
                .Select(error => $"{error}");
        }

        Assert.True(!errors.Any(), $"Seed {Seed}, product {index}: {string.Join("; ", errors)}\n{text}");
    }
}
