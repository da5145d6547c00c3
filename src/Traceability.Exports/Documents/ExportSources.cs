using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Exports.Energy;

namespace Traceability.Exports.Documents;

/// <summary>
/// All values that rule tables may name, as exact text. What is not known is absent, and never zero.
/// </summary>
public static class ExportSources
{
    /// <summary>Milligrams per kWh; every format shows the same digits.</summary>
    private const int PerKilowattHourDecimals = 6;

    private static readonly (LifeCycleStage Stage, string Name)[] Stages =
    [
        (LifeCycleStage.RawMaterial, "raw_material"), (LifeCycleStage.MainProduction, "main_production"),
        (LifeCycleStage.Distribution, "distribution"), (LifeCycleStage.EndOfLife, "end_of_life"),
    ];

    public static IReadOnlyDictionary<string, string> Of(ExportInput input)
    {
        var sources = new Dictionary<string, string>(input.Facts, StringComparer.Ordinal)
        {
            ["operator.id"] = input.OperatorId.ToString(),
            ["operator.urn"] = $"urn:uuid:{input.OperatorId}",
            ["part.unit"] = input.DeclaredUnit,
            ["part.urn"] = $"urn:traceability:part:{input.PartRef}",
            ["footprint.version"] = input.Version.ToString(CultureInfo.InvariantCulture),
            ["footprint.id"] = Id(input, input.Version).ToString(),
            ["footprint.created"] = Time(input.RolledUpAt),
            ["footprint.date"] = input.RolledUpAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        };
        if (input.EarlierVersions.Count > 0)
        {
            sources["footprint.preceding_ids"] = string.Join(
                ' ', input.EarlierVersions.Select(version => Id(input, version)));
        }

        AddPeriod(sources, input.Period);
        if (input.Figures is { } figures)
        {
            AddFigures(sources, figures);
            AddDeclaration(sources);
        }

        AddCharge(sources);
        return sources;
    }

    /// <summary>The same version of a part has the same id in every export; another version has another.</summary>
    private static Guid Id(ExportInput input, long version)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{input.OperatorId}/{input.PartRef}/{version}"));
        var bytes = hash.AsSpan(0, 16);
        // The form of a random UUID (RFC 9562, version 4), which is what the formats ask for.
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private static void AddPeriod(Dictionary<string, string> sources, ReferencePeriod? period)
    {
        if (period is null)
        {
            return;
        }

        var (first, last) = (period.Start.UtcDateTime, period.End.UtcDateTime.AddSeconds(-1));
        sources["period.start"] = Time(period.Start);
        sources["period.end"] = Time(period.End.AddSeconds(-1));
        if ((first.Year, Quarter(first)) == (last.Year, Quarter(last)))
        {
            sources["period.year"] = first.Year.ToString(CultureInfo.InvariantCulture);
            sources["period.quarter"] = Quarter(first).ToString(CultureInfo.InvariantCulture);
            sources["period.quarter_id"] = $"{first.Year}-Q{Quarter(first)}";
        }

        static int Quarter(DateTime day) => (day.Month + 2) / 3;
    }

    private static void AddFigures(Dictionary<string, string> sources, StatedFigures figures)
    {
        sources["total"] = Amount.Format(figures.Total);
        var stages = AddingUp(figures);
        foreach (var (stage, name) in Stages)
        {
            if (OfStage(stages, stage, sources) is { } amount)
            {
                sources[$"stage.{name}"] = Amount.Format(amount);
            }
        }

        // Cradle to gate ends before distribution and end of life.
        var afterTheGate = stages.Where(stage =>
            stage.Stage is LifeCycleStage.Distribution or LifeCycleStage.EndOfLife).Sum(stage => stage.Amount);
        var cradleToGate = figures.Total - afterTheGate;
        sources["cradle_to_gate"] = Amount.Format(cradleToGate);
        foreach (var one in figures.Components ?? [])
        {
            sources[$"component.{FigureComponents.Name(one.Component)}"] = Amount.Format(one.Amount);
        }

        AddCarbon(sources, cradleToGate);
        if (figures.Primary is { } primary)
        {
            sources["primary_percent"] = Amount.Format(primary.Share * 100);
        }

        if (figures.Rating is { } rating)
        {
            sources["rating.technology"] = Amount.Format(rating.Technology);
            sources["rating.geography"] = Amount.Format(rating.Geography);
            sources["rating.time"] = Amount.Format(rating.Time);
        }
    }

    /// <summary>
    /// Fossil is what is not known to be anything else, so the parts add up whoever has split (PACT 3.0.3, section
    /// 6.2). What plants took up is the carbon that is still in the product.
    /// </summary>
    private static void AddCarbon(Dictionary<string, string> sources, decimal cradleToGate)
    {
        var fossil = cradleToGate
            - (Number(sources, "component.biogenic") ?? 0) - (Number(sources, "component.land_use") ?? 0);
        if (fossil >= 0)
        {
            sources["cradle_to_gate.fossil"] = Amount.Format(fossil);
        }

        // The molar masses of CO2 and carbon are as 44 to 12.
        var uptake = Amount.Leaving((Number(sources, "pcf.biogenic_carbon_kg") ?? 0) * 44 / 12);
        if (uptake > 0)
        {
            sources["biogenic_uptake"] = Amount.Format(-uptake);
        }

        sources["cradle_to_gate.with_uptake"] = Amount.Format(cradleToGate - uptake);
    }

    /// <summary>
    /// Stages and total are rounded each for itself when they leave the company; the largest stage takes the last
    /// places, so that the reader of an export finds that they add up.
    /// </summary>
    private static IReadOnlyList<StatedStage> AddingUp(StatedFigures figures)
    {
        var stages = figures.Stages ?? [];
        var missing = figures.Total - stages.Sum(stage => stage.Amount);
        var largest = stages.MaxBy(stage => stage.Amount);
        return missing == 0
            ? stages
            : [.. stages.Select(stage => stage == largest ? stage with { Amount = stage.Amount + missing } : stage)];
    }

    /// <summary>
    /// What is declared for the declaration alone counts where the footprint has no such stage: what customers are
    /// passed are cradle-to-gate totals, which end before it.
    /// </summary>
    private static decimal? OfStage(
        IReadOnlyList<StatedStage> stages, LifeCycleStage stage, Dictionary<string, string> facts) =>
        stages.FirstOrDefault(one => one.Stage == stage)?.Amount
            ?? (stage switch
            {
                LifeCycleStage.Distribution => Number(facts, "declaration.distribution_kg"),
                LifeCycleStage.EndOfLife => Number(facts, "declaration.end_of_life_kg"),
                _ => null,
            });

    /// <summary>
    /// Per kWh delivered, which the declaration is about, and per kWh of capacity, which it is confused with. Only from
    /// four known stages: what nobody declared would be taken for zero.
    /// </summary>
    private static void AddDeclaration(Dictionary<string, string> sources)
    {
        var amounts = Stages.Select(one => Number(sources, $"stage.{one.Name}")).OfType<decimal>().ToArray();
        var energy = EnergyDelivered.Of(sources);
        if (energy is { } delivered)
        {
            sources["energy_delivered_kwh"] = Rounded(delivered);
        }

        if (amounts.Length < Stages.Length)
        {
            return;
        }

        sources["absolute"] = Amount.Format(amounts.Sum());
        if (Number(sources, "battery.capacity_kwh") is > 0 and var capacity)
        {
            sources["per_kwh_of_capacity"] = Rounded(amounts.Sum() / capacity);
        }

        if (energy is not > 0)
        {
            return;
        }

        var (total, parts) = Apportionment.Of(
            [.. amounts.Select(amount => amount / energy.Value)], PerKilowattHourDecimals);
        sources["per_kwh_delivered"] = Amount.Format(total);
        foreach (var ((_, name), part) in Stages.Zip(parts))
        {
            sources[$"per_kwh_delivered.{name}"] = Amount.Format(part);
        }
    }

    /// <summary>Certificate price times emission per unit times quantity, less the carbon price already paid.</summary>
    private static void AddCharge(Dictionary<string, string> sources)
    {
        if (Number(sources, "cbam.direct") is not { } direct)
        {
            return;
        }

        var specific = direct + (Number(sources, "cbam.indirect") ?? 0);
        sources["cbam.specific"] = Amount.Format(specific);
        if (Number(sources, "cbam.certificate_price") is { } price && Number(sources, "cbam.quantity") is { } quantity)
        {
            var charge = (price * specific * quantity) - (Number(sources, "cbam.carbon_price_paid") ?? 0);
            sources["cbam.charge"] = Amount.Format(Math.Round(Math.Max(0, charge), 2, MidpointRounding.ToEven));
        }
    }

    private static decimal? Number(Dictionary<string, string> sources, string name) =>
        sources.TryGetValue(name, out var text) ? decimal.Parse(text, CultureInfo.InvariantCulture) : null;

    private static string Rounded(decimal value) =>
        Amount.Format(Math.Round(value, PerKilowattHourDecimals, MidpointRounding.ToEven));

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
