using System.Text.RegularExpressions;
using Traceability.Domain.Footprints;

namespace Traceability.Domain.Companies;

/// <summary>Days of a zone, which are not all 24 hours long. The rules of zones come with the system.</summary>
public static partial class Calendar
{
    /// <summary>Of a company that has said nothing.</summary>
    public const string Utc = "UTC";

    public const int MaxName = 60;

    /// <summary>
    /// A zone by its name in the IANA time zone database: an area and a place, because a bare offset knows no summer.
    /// </summary>
    public static TimeZoneInfo? Find(string name) =>
        name == Utc ? TimeZoneInfo.Utc
        : name.Length <= MaxName && Place().IsMatch(name)
            && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone
        : null;

    /// <summary>The moment at which the day begins: where the clocks leave midnight out, the first there is.</summary>
    public static DateTimeOffset StartOf(this TimeZoneInfo zone, DateOnly day) =>
        zone.Moment(day.ToDateTime(TimeOnly.MinValue));

    /// <summary>The moment at which clocks show it; the first where they do so twice, the next where never.</summary>
    public static DateTimeOffset Moment(this TimeZoneInfo zone, DateTime local)
    {
        var offset = zone.IsInvalidTime(local) ? zone.GetUtcOffset(local.AddHours(-12))
            : zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max()
            : zone.GetUtcOffset(local);
        return zone.At(new DateTimeOffset(local, offset));
    }

    /// <summary>The same moment, as clocks of the zone show it.</summary>
    public static DateTimeOffset At(this TimeZoneInfo zone, DateTimeOffset time) =>
        TimeZoneInfo.ConvertTime(time, zone);

    /// <summary>The same period, as clocks of the zone show it.</summary>
    public static ReferencePeriod At(this TimeZoneInfo zone, ReferencePeriod period) =>
        new(zone.At(period.Start), zone.At(period.End));

    /// <summary>The same footprint, with its times as clocks of the zone show them.</summary>
    public static Footprint At(this TimeZoneInfo zone, Footprint footprint) => footprint with
    {
        Period = footprint.Period is { } period ? zone.At(period) : null,
        ValidUntil = footprint.ValidUntil is { } until ? zone.At(until) : null,
        StandingPeriod = footprint.StandingPeriod is { } standing ? zone.At(standing) : null,
        StandingValidUntil = footprint.StandingValidUntil is { } end ? zone.At(end) : null,
    };

    /// <summary>The first and the last day of a period, in the zone it is said in; null where it is not of whole days.
    /// </summary>
    public static (DateOnly First, DateOnly Last)? Days(this ReferencePeriod period) =>
        (period.Start.TimeOfDay, period.End.TimeOfDay) == (TimeSpan.Zero, TimeSpan.Zero)
            ? (DateOnly.FromDateTime(period.Start.DateTime), DateOnly.FromDateTime(period.End.DateTime).AddDays(-1))
            : null;

    /// <summary>"posix/" and "right/" are other folders of the same zones.</summary>
    [GeneratedRegex("^(?!posix/|right/)[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+$")]
    private static partial Regex Place();
}
