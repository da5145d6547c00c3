using Traceability.Exports.Energy;

namespace Traceability.Exports.Documents;

/// <summary>What a computed value waits for while it is missing.</summary>
internal static class Needs
{
    /// <summary>Facts that would help; none where figures or the period are missing.</summary>
    public static IReadOnlyList<string> Facts(string source, IReadOnlyDictionary<string, ExportValue> sources) =>
    [
        .. source.Split('.')[0] switch
        {
            "energy_delivered_kwh" => EnergyDelivered.Missing(sources),
            "per_kwh_delivered" => EnergyDelivered.Missing(sources).Concat(OfStages(sources)),
            "per_kwh_of_capacity" => Missing("battery.capacity_kwh", sources).Concat(OfStages(sources)),
            "absolute" => OfStages(sources),
            "stage" => OfStages(sources).Where(fact => fact == $"declaration.{source.Split('.')[1]}_kg"),
            "biogenic_uptake" => Missing("pcf.biogenic_carbon_kg", sources),
            "cbam" => Missing("cbam.direct", sources),
            _ => [],
        },
    ];

    /// <summary>Who has to do what, where no fact helps.</summary>
    public static string Act(string source) => source.Split('.')[0] switch
    {
        "period" => "the maker: a contribution with the reference period it is about",
        "primary_percent" => "the maker: a contribution with its share of primary data",
        "rating" => "the maker: a contribution with the ratings of its data",
        "component" => "the maker: a contribution that is split so",
        "absolute" or "stage" or "per_kwh_delivered" or "per_kwh_of_capacity" =>
            "the maker and its suppliers: contributions by stage",
        _ => "the maker: a contribution; suppliers: their answers",
    };

    private static IEnumerable<string> OfStages(IReadOnlyDictionary<string, ExportValue> sources) =>
        sources.ContainsKey("total")
            ? Missing("stage.distribution", sources, "declaration.distribution_kg")
                .Concat(Missing("stage.end_of_life", sources, "declaration.end_of_life_kg"))
            : [];

    private static IEnumerable<string> Missing(
        string source, IReadOnlyDictionary<string, ExportValue> sources, string? fact = null) =>
        sources.ContainsKey(source) ? [] : [fact ?? source];
}
