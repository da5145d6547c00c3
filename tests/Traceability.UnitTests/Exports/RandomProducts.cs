using System.Globalization;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Exports.Documents;
using Traceability.Exports.Facts;
using Stated = Traceability.Domain.Footprints.Figures;

namespace Traceability.UnitTests.Exports;

/// <summary>Products as companies have them: half known, typed by hand, in any unit, and now and then wrong.</summary>
internal sealed class RandomProducts(Random random)
{
    private static readonly string[] Countries = ["JP", "DE", "US", "ZZ", "XJ", "UK", "EU", "XK", "TW"];

    private static readonly string[] Texts =
    [
        "EXAMPLE-75", "Traction battery, 75 kWh", "電池 (セル)", "=1+1", "-5", "\"quoted\", with commas", "<b>&amp;</b>",
        " leading and trailing ", "Straße 1/2; Gebäude C", "👍🏽", new('x', FactTable.MaxText),
    ];

    private static readonly Dictionary<string, string[]> Words = new()
    {
        ["pcf.region"] = ["Eastern Asia", "East Asia", "Global", "Western Europe", "Japan"],
        ["cbam.category"] = ["steel", "Steel", "aluminium", "wood"],
        ["cbam.route"] = ["EAF", "BF-BOF", "electric", "OTHER"],
    };

    private static readonly string[] Amounts =
    [
        "0", "1", "75", "0.5", "450.00", "0.000000000001", "0.1234567", "999999999999999.999999999999", "12", "60000",
    ];

    public ExportInput Next()
    {
        var period = Period();
        return new(
            new(Id()), new(Id()), Pick(Unit.All).Name, Convert.ToBase64String(Id().ToByteArray()), random.Next(1, 9),
            Maybe(0.95) ? Figures() : null, Maybe(0.85), period, Time(2026, 11), Facts(),
            Maybe(0.9) ? Time(2026, 11) : Time(random.Next(2024, 2029), 6),
            [.. Enumerable.Range(0, random.Next(3)).Select(_ => new EarlierExport($"{Id()}"))],
            Maybe(0.5) ? Time(2026, 10) : null);
    }

    public bool Maybe(double often) => random.NextDouble() < often;

    private Guid Id()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new(bytes);
    }

    private T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];

    private static DateTimeOffset Time(int year, int month) => new(year, month, 24, 9, 30, 0, TimeSpan.Zero);

    private ReferencePeriod? Period()
    {
        var zone = Pick([TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromHours(9), TimeSpan.FromHours(-8)]);
        var start = new DateTimeOffset(random.Next(2019, 2027), Pick([1, 4, 7, 10, 11]), 1, 0, 0, 0, zone);
        return Pick([0, 1, 3, 12, 12]) switch
        {
            0 => null,
            var months => new(start, start.AddMonths(months)),
        };
    }

    private StatedFigures Figures()
    {
        StageFigure[] stages =
        [
            .. Enum.GetValues<LifeCycleStage>()
                .Where(stage => Maybe(stage is LifeCycleStage.RawMaterial or LifeCycleStage.MainProduction ? 0.8 : 0.3))
                .Select(stage => Stage(stage, Amount())),
        ];
        var figures = Stated.Of(stages, Maybe(0.5) ? (decimal)random.Next(101) / 100 : null);
        return StatedFigures.Of(figures with { Components = Maybe(0.4) ? Components(figures.Total) : null });
    }

    private StageFigure Stage(LifeCycleStage stage, decimal amount) => new(
        stage,
        amount,
        Maybe(0.5) ? Rating.Of(amount, random.Next(1, 6), random.Next(1, 6), random.Next(1, 6)) : null);

    private decimal Amount() => random.Next(8) switch
    {
        0 => 0,
        1 => 0.000000000001m,
        2 => 100_000_000_000_000m / 7,
        _ => random.Next(1, 10_000_000) / 700m,
    };

    private ComponentFigure[] Components(decimal total) =>
    [
        new(FigureComponent.Biogenic, total * random.Next(50) / 100),
        new(FigureComponent.LandUse, total * random.Next(50) / 100),
    ];

    /// <summary>Most of them; also some that were taken before their rule was as it is.</summary>
    private Dictionary<string, string> Facts()
    {
        var known = random.NextDouble();
        return FactTable.All.Where(_ => Maybe(known)).ToDictionary(fact => fact.Name, Value);
    }

    private string Value(FactRule fact) => Maybe(0.7) && GoodFacts.Of.TryGetValue(fact.Name, out var good)
        ? good
        : fact.Kind switch
        {
            "amount" => Pick(Amounts),
            "credit" => Pick([.. Amounts, "-50", "-0.000000000001"]),
            "country" => Pick(Countries),
            "enum" => Pick(fact.Values!),
            "digits" => Pick(["72163100", "00000000"]),
            "time" => new DateTime(random.Next(2019, 2035), random.Next(1, 13), 28, 0, 0, 0, DateTimeKind.Utc)
                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            "urns" => Pick(["urn:example:1", "urn:BPNL000000000DWF urn:example:2", "urn:a:1 urn:a:1", "urn:example:電池"]),
            "uri" => Pick(["https://example.com/a?b=c#d", "https://example.com/電池", "http://[::1]/"]),
            "email" => "contact@example.com",
            _ => Pick(Words.GetValueOrDefault(fact.Name) ?? Texts),
        };
}

/// <summary>Of each fact a value that every standard takes.</summary>
internal static class GoodFacts
{
    public static IReadOnlyDictionary<string, string> Of { get; } = new Dictionary<string, string>(
        FactTable.All.Where(fact => fact.Name.StartsWith("passport.", StringComparison.Ordinal))
            .Select(fact => KeyValuePair.Create(fact.Name, $"as said for {fact.Name}"))
            .Concat(Samples.Facts().Where(fact => !fact.Key.StartsWith("passport.", StringComparison.Ordinal))))
    {
        ["battery.cycles_per_year"] = "60",
        ["battery.warranty_km"] = "160000",
        ["manufacturer.web"] = "https://example.com/",
        ["pcf.biogenic_carbon_kg"] = "1.5",
        ["pcf.exempted_description"] = "screws",
        ["declaration.other"] = "none",
        ["declaration.performance_class"] = "A",
    };
}
