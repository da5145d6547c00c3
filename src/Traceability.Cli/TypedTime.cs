using System.CommandLine;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Traceability.Domain.Companies;

namespace Traceability.Cli;

/// <summary>
/// A time as somebody types it: a day, a time of the company's clocks, or one with an offset, which is the same
/// everywhere. What the clock of this machine says plays no part.
/// </summary>
internal sealed record TypedTime(DateTime Local, bool IsDay, TimeSpan? Offset)
{
    public const string Wanted = "a day of the company such as 2026-11-24, or a time such as 2026-11-24T12:00:00Z";

    private static readonly string[] Times =
        ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss"];

    private static readonly string[] Exact =
    [
        "yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz",
        "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'",
        "yyyy-MM-dd HH:mm:ss'Z'", "yyyy-MM-dd HH:mm:sszzz",
    ];

    /// <summary>Null for what is none.</summary>
    public static TypedTime? Parse(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? new(day.ToDateTime(TimeOnly.MinValue), true, null)
        : DateTime.TryParseExact(text, Times, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)
            ? new(local, false, null)
        : DateTimeOffset.TryParseExact(
            text, Exact, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? new(time.DateTime, false, time.Offset)
        : null;

    public static Option<TypedTime?> Option(string name, string description, bool required = false) => new(name)
    {
        Description = description,
        Required = required,
        CustomParser = result =>
        {
            var text = string.Join(' ', result.Tokens.Select(token => token.Value));
            var typed = Parse(text);
            if (typed is null)
            {
                result.AddError($"{name}: \"{text}\" is not valid: write {Wanted}.");
            }

            return typed;
        },
    };

    /// <summary>The time; of a day its beginning.</summary>
    public DateTimeOffset Start(TimeZoneInfo zone) =>
        Offset is { } offset ? new(Local, offset) : zone.Moment(Local);

    /// <summary>The time; of a day its end, so that it is in it.</summary>
    public DateTimeOffset End(TimeZoneInfo zone) => IsDay ? zone.Moment(Local.AddDays(1)) : Start(zone);
}

/// <summary>Times that were typed, or not, for a request.</summary>
internal static class TypedTimes
{
    public static async Task<Timestamp?> StartAsync(this Session session, TypedTime? typed) =>
        typed?.Start(await ZoneOfAsync(session, typed)).ToTimestamp();

    public static async Task<Timestamp?> EndAsync(this Session session, TypedTime? typed) =>
        typed?.End(await ZoneOfAsync(session, typed)).ToTimestamp();

    /// <summary>As the company's clocks show it.</summary>
    public static async Task<string> LocalAsync(this Session session, Timestamp? time)
    {
        if (time is null)
        {
            return "-";
        }

        var zone = await session.ZoneAsync();
        var local = zone.At(time.ToDateTimeOffset());
        var form = local.Offset == TimeSpan.Zero ? "u" : "yyyy-MM-dd HH:mm:sszzz";
        return local.ToString(form, CultureInfo.InvariantCulture);
    }

    /// <summary>What has an offset needs no zone, and may be typed where no node is.</summary>
    private static async Task<TimeZoneInfo> ZoneOfAsync(Session session, TypedTime typed) =>
        typed.Offset is null ? await session.ZoneAsync() : TimeZoneInfo.Utc;
}
