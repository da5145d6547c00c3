using System.Text.Json.Serialization;

namespace Traceability.Domain.Companies;

/// <summary>From now on the company's days are those of this zone.</summary>
public record TimeZoneChosen(OperatorId OperatorId, string TimeZone, DateTimeOffset ChosenAt);

/// <summary>A zone, and since when it is the company's.</summary>
public record CompanyTimeZone(string TimeZone, DateTimeOffset ChosenAt);

/// <summary>What a company has settled for all it does.</summary>
/// <param name="OperatorId">The company.</param>
/// <param name="TimeZones">All it ever had, the one in force last.</param>
public record Company(OperatorId OperatorId, IReadOnlyList<CompanyTimeZone> TimeZones) : IState<Company>
{
    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Company? Evolve(Company? company, object e) => e switch
    {
        TimeZoneChosen s => new(s.OperatorId, [.. company?.TimeZones ?? [], new(s.TimeZone, s.ChosenAt)]),
        _ => company,
    };

    /// <summary>The events that make the zone the company's; none if it is.</summary>
    /// <param name="existing">Null: nothing was settled, so the days are those of UTC.</param>
    /// <param name="operatorId">The company.</param>
    /// <param name="timeZone">A name that <see cref="Calendar.Find"/> knows.</param>
    /// <param name="now">The moment of the act.</param>
    public static object[] ChooseTimeZone(
        Company? existing, OperatorId operatorId, string timeZone, DateTimeOffset now) =>
        (existing?.TimeZones[^1].TimeZone ?? Calendar.Utc) == timeZone
            ? []
            : [new TimeZoneChosen(operatorId, timeZone, now)];

    /// <summary>The zone that the company had at a time.</summary>
    public static string TimeZoneAt(Company? company, DateTimeOffset time) =>
        company?.TimeZones.LastOrDefault(zone => zone.ChosenAt <= time)?.TimeZone ?? Calendar.Utc;
}
