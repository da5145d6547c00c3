using System.Globalization;
using Traceability.Exports.Facts;

namespace Traceability.Exports.Energy;

/// <summary>
/// The energy a battery delivers over its service life: capacity, cycles per year by category, and the years of the
/// warranty; a warranty in kilometres counts where it is shorter.
/// </summary>
public static class EnergyDelivered
{
    private static readonly EnergyFile Table = Resource.Read<EnergyFile>("Energy/energy-delivered.json");

    /// <summary>In kWh; null where a fact is missing.</summary>
    public static decimal? Of(IReadOnlyDictionary<string, string> facts)
    {
        var category = Table.Categories.FirstOrDefault(one =>
            one.Name == facts.GetValueOrDefault("battery.vehicle_category"));
        var cycles = category is null ? Number(facts, "battery.cycles_per_year") : Decimal(category.CyclesPerYear);
        decimal?[] years =
        [
            Number(facts, "battery.warranty_years"),
            category is null ? null : Number(facts, "battery.warranty_km") / Decimal(category.KilometresPerYear),
        ];
        return Number(facts, "battery.capacity_kwh") * cycles * years.Min();
    }

    private static decimal? Number(IReadOnlyDictionary<string, string> facts, string name) =>
        facts.TryGetValue(name, out var text) ? Decimal(text) : null;

    private static decimal Decimal(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    private sealed record EnergyFile(string Source, DateOnly ValidFrom, IReadOnlyList<VehicleCategory> Categories);

    private sealed record VehicleCategory(string Name, string CyclesPerYear, string KilometresPerYear);
}
