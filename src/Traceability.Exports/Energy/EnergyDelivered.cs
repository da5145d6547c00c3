using Traceability.Exports.Facts;
using static Traceability.Exports.ExportValue;

namespace Traceability.Exports.Energy;

/// <summary>
/// The energy a battery delivers over its service life: capacity, cycles per year by category, and the years of the
/// warranty; a warranty in kilometres counts where it is shorter.
/// </summary>
public static class EnergyDelivered
{
    private static readonly EnergyFile Table = Resource.Read<EnergyFile>("Energy/energy-delivered.json");

    /// <summary>The facts that it waits for.</summary>
    public static IEnumerable<string> Missing(IReadOnlyDictionary<string, ExportValue> facts)
    {
        var vehicle = facts.GetValueOrDefault("battery.vehicle_category") as Text;
        var counted = Table.Categories.Any(one => one.Name == vehicle?.Value);
        if (facts.Number("battery.capacity_kwh") is null)
        {
            yield return "battery.capacity_kwh";
        }

        if (!counted && facts.Number("battery.cycles_per_year") is null)
        {
            yield return vehicle is null ? "battery.vehicle_category" : "battery.cycles_per_year";
        }

        if (facts.Number("battery.warranty_years") is null && !(counted && facts.ContainsKey("battery.warranty_km")))
        {
            yield return "battery.warranty_years";
        }
    }

    /// <summary>In kWh; null where a fact is missing.</summary>
    public static decimal? Of(IReadOnlyDictionary<string, ExportValue> facts)
    {
        var vehicle = facts.GetValueOrDefault("battery.vehicle_category") as Text;
        var category = Table.Categories.FirstOrDefault(one => one.Name == vehicle?.Value);
        var cycles = category?.CyclesPerYear ?? facts.Number("battery.cycles_per_year");
        decimal?[] years =
        [
            facts.Number("battery.warranty_years"),
            facts.Number("battery.warranty_km") / category?.KilometresPerYear,
        ];
        return facts.Number("battery.capacity_kwh") * cycles * years.Min();
    }

    private sealed record EnergyFile(string Source, DateOnly ValidFrom, IReadOnlyList<VehicleCategory> Categories);

    private sealed record VehicleCategory(string Name, decimal CyclesPerYear, decimal KilometresPerYear);
}
