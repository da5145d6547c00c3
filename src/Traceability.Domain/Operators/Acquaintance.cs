using System.Text.Json.Serialization;

namespace Traceability.Domain.Operators;

/// <summary>How two members came to know each other.</summary>
public enum IntroducedBy
{
    /// <summary>One asked the other for a footprint.</summary>
    Trade = 1,

    /// <summary>One accepted the other's invitation.</summary>
    Invitation = 2,

    /// <summary>One knew the other's business number.</summary>
    BusinessNumber = 3,
}

/// <summary>Two members know each other from now on, whether they are listed or not.</summary>
public record PartnersIntroduced(
    OperatorId OneId, OperatorId OtherId, IntroducedBy By, DateTimeOffset IntroducedAt);

/// <summary>Two members that know each other; it stays so.</summary>
public record Acquaintance(OperatorId OneId, OperatorId OtherId, DateTimeOffset Since) : IState<Acquaintance>
{
    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Acquaintance? Evolve(Acquaintance? known, object e) => e switch
    {
        PartnersIntroduced p => known ?? new(p.OneId, p.OtherId, p.IntroducedAt),
        _ => known,
    };

    /// <summary>The event that makes them known to each other; none if they are.</summary>
    public static object[] Introduce(
        Acquaintance? known, OperatorId one, OperatorId other, IntroducedBy by, DateTimeOffset now) =>
        known is null ? [new PartnersIntroduced(one, other, by, now)] : [];
}
