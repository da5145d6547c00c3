using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Exports.Energy;
using Traceability.Exports.Facts;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Documents;

/// <summary>
/// All values that rule tables may name. What is not known is absent, and never zero.
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

    public static Dictionary<string, ExportValue> Of(ExportInput input)
    {
        var sources = FactTable.Read(input.Facts);
        sources["operator.id"] = new Text($"{input.OperatorId}");
        sources["operator.urn"] = new Text($"urn:uuid:{input.OperatorId}");
        sources["part.unit"] = new Text(input.DeclaredUnit);
        sources["part.urn"] = new Text($"urn:traceability:part:{input.PartRef}");
        sources["footprint.version"] = new Number(input.Version);
        sources["footprint.recorded"] = new Time(input.RolledUpAt.ToUniversalTime());
        sources["as_of"] = new Time(input.AsOf.ToUniversalTime());
        AddPeriod(sources, input);
        if (input.Figures is { } figures)
        {
            AddFigures(sources, figures);
        }

        AddDeclaration(sources);
        AddCharge(sources);
        return sources;
    }

    /// <summary>A period is half open. Some standards name its end, others the last moment that is in it.</summary>
    private static void AddPeriod(Dictionary<string, ExportValue> sources, ExportInput input)
    {
        if (input.Period is not { } period)
        {
            return;
        }

        var ends = input.Local(period.End.AddSeconds(-1));
        var (first, last) = (input.Local(period.Start).DateTime, ends.DateTime);
        sources["period.start"] = new Time(input.Local(period.Start));
        sources["period.end"] = new Time(input.Local(period.End));
        sources["period.last"] = new Time(ends);
        if ((first.Year, Quarter(first)) == (last.Year, Quarter(last)))
        {
            sources["period.year"] = new Number(first.Year);
            sources["period.quarter"] = new Number(Quarter(first));
            sources["period.quarter_id"] = new Text($"{first.Year}-Q{Quarter(first)}");
        }

        static int Quarter(DateTime day) => (day.Month + 2) / 3;
    }

    private static void AddFigures(Dictionary<string, ExportValue> sources, StatedFigures figures)
    {
        sources["total"] = PerUnit(figures.Total);
        var stages = AddingUp(figures);
        foreach (var (stage, name) in Stages)
        {
            if (OfStage(stages, stage, sources) is { } amount)
            {
                sources[$"stage.{name}"] = PerUnit(amount);
            }
        }

        // Cradle to gate ends before distribution and end of life.
        var afterTheGate = stages.Where(stage =>
            stage.Stage is LifeCycleStage.Distribution or LifeCycleStage.EndOfLife).Sum(stage => stage.Amount);
        var cradleToGate = figures.Total - afterTheGate;
        sources["cradle_to_gate"] = PerUnit(cradleToGate);
        foreach (var one in figures.Components ?? [])
        {
            sources[$"component.{FigureComponents.Name(one.Component)}"] = PerUnit(one.Amount);
        }

        AddCarbon(sources, cradleToGate);
        if (figures.Primary is { } primary)
        {
            sources["primary_percent"] = Exact(primary.Share * 100);
        }

        if (figures.Rating is { } rating)
        {
            sources["rating.technology"] = Exact(rating.Technology);
            sources["rating.geography"] = Exact(rating.Geography);
            sources["rating.time"] = Exact(rating.Time);
        }
    }

    /// <summary>
    /// Fossil is what is not known to be anything else, so the parts add up whoever has split (PACT 3.0.3, section
    /// 6.2). What plants took up is the carbon that is still in the product.
    /// </summary>
    private static void AddCarbon(Dictionary<string, ExportValue> sources, decimal cradleToGate)
    {
        sources["cradle_to_gate.fossil"] = PerUnit(cradleToGate
            - (sources.Number("component.biogenic") ?? 0) - (sources.Number("component.land_use") ?? 0));

        // The molar masses of CO2 and carbon are as 44 to 12.
        var uptake = Amount.Leaving((sources.Number("pcf.biogenic_carbon_kg") ?? 0) * 44 / 12);
        if (uptake > 0)
        {
            sources["biogenic_uptake"] = PerUnit(-uptake);
        }

        sources["cradle_to_gate.with_uptake"] = PerUnit(cradleToGate - uptake);
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
        IReadOnlyList<StatedStage> stages, LifeCycleStage stage, Dictionary<string, ExportValue> facts) =>
        stages.FirstOrDefault(one => one.Stage == stage)?.Amount
            ?? (stage switch
            {
                LifeCycleStage.Distribution => facts.Number("declaration.distribution_kg"),
                LifeCycleStage.EndOfLife => facts.Number("declaration.end_of_life_kg"),
                _ => null,
            });

    /// <summary>
    /// Per kWh delivered, which the declaration is about, and per kWh of capacity, which it is confused with. Only from
    /// four known stages: what nobody declared would be taken for zero.
    /// </summary>
    private static void AddDeclaration(Dictionary<string, ExportValue> sources)
    {
        var amounts = Stages.Select(one => sources.Number($"stage.{one.Name}")).OfType<decimal>().ToArray();
        var energy = EnergyDelivered.Of(sources);
        if (energy is { } delivered)
        {
            sources["energy_delivered_kwh"] = Rounded(delivered) with { PerUnit = true };
        }

        if (amounts.Length < Stages.Length)
        {
            return;
        }

        sources["absolute"] = PerUnit(amounts.Sum());
        if (sources.Number("battery.capacity_kwh") is > 0 and var capacity)
        {
            sources["per_kwh_of_capacity"] = Rounded(amounts.Sum() / capacity);
        }

        if (energy is not > 0)
        {
            return;
        }

        var (total, parts) = Apportionment.Of(
            [.. amounts.Select(amount => amount / energy.Value)], PerKilowattHourDecimals);
        sources["per_kwh_delivered"] = Exact(total);
        foreach (var ((_, name), part) in Stages.Zip(parts))
        {
            sources[$"per_kwh_delivered.{name}"] = Exact(part);
        }
    }

    /// <summary>Certificate price times emission per unit times quantity, less the carbon price already paid.</summary>
    private static void AddCharge(Dictionary<string, ExportValue> sources)
    {
        if (sources.Number("cbam.direct") is not { } direct)
        {
            return;
        }

        var specific = direct + (sources.Number("cbam.indirect") ?? 0);
        sources["cbam.specific"] = Exact(specific);
        if (sources.Number("cbam.certificate_price") is { } price && sources.Number("cbam.quantity") is { } quantity)
        {
            var charge = (price * specific * quantity) - (sources.Number("cbam.carbon_price_paid") ?? 0);
            sources["cbam.charge"] = Exact(Math.Round(Math.Max(0, charge), 2, MidpointRounding.ToEven));
        }
    }

    private static Number Rounded(decimal value) =>
        Exact(Math.Round(value, PerKilowattHourDecimals, MidpointRounding.ToEven));

    private static Number PerUnit(decimal value) => Exact(value) with { PerUnit = true };

    /// <summary>The same number is always the same digits: a division takes the zeros at the end away.</summary>
    internal static Number Exact(decimal value) => new(value / 1.0000000000000000000000000000m);
}
