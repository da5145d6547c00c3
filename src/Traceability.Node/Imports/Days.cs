using System.Globalization;
using Traceability.Domain.Companies;
using Traceability.Hosting;

namespace Traceability.Node.Imports;

/// <summary>
/// Days as people write them, and back. A day is one of the company's zone; what begins or ends within one is written
/// as an exact time, so that an export loses nothing.
/// </summary>
internal sealed class Days(TimeZoneInfo zone)
{
    private const string Rule = "must be a day such as 2026-12-31, or an exact time such as 2026-12-31T15:00:00Z.";

    private const string Rewritten =
        "must have the year first, such as 2026-12-31: spreadsheet programs rewrite such days when they save CSV. "
        + "Format the column as text or as yyyy-mm-dd and save again, or save as .xlsx.";

    /// <summary>Year first has one meaning, whatever stands between.</summary>
    private static readonly string[] Forms = ["yyyy-M-d", "yyyy/M/d", "yyyy.M.d", "yyyy年M月d日"];

    private static readonly string[] Times =
    [
        "yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", "yyyy-MM-ddTHH:mm:sszzz",
        "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz",
    ];

    /// <summary>The beginning of the day; null where none is given or it is wrong.</summary>
    public DateTimeOffset? Start(Input input, string field, string value) => Read(input, field, value, 0);

    /// <summary>The end of the day, exclusive; null where none is given or it is wrong.</summary>
    public DateTimeOffset? End(Input input, string field, string value) => Read(input, field, value, 1);

    /// <summary>What <see cref="Start"/> reads as this time.</summary>
    public string OfStart(DateTimeOffset? start) => start is { } time ? Written(time, 0) : "";

    /// <summary>What <see cref="End"/> reads as this time.</summary>
    public string OfEnd(DateTimeOffset? end) => end is { } time ? Written(time, 1) : "";

    private DateTimeOffset? Read(Input input, string field, string value, int daysOn)
    {
        if (value.Length == 0)
        {
            return null;
        }

        if (DateTimeOffset.TryParseExact(
            value, Times, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return time.ToUniversalTime();
        }

        if (DateOnly.TryParseExact(value, Forms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            && IsWritten(day))
        {
            return zone.StartOf(day.AddDays(daysOn)).ToUniversalTime();
        }

        input.Violate(field, value, IsRewritten(value) ? Rewritten : Rule);
        return null;
    }

    private string Written(DateTimeOffset time, int daysOn)
    {
        var day = DateOnly.FromDateTime(zone.At(time).DateTime);
        return zone.StartOf(day) == time && day.Year is > 1900 and < 9998
            ? day.AddDays(-daysOn).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : time.UtcDateTime.ToString(Times[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Other years are slips of the pen.</summary>
    private static bool IsWritten(DateOnly day) => day.Year is >= 1900 and <= 9998;

    /// <summary>Three numbers, the year last or short: day first or month first, and nobody can tell which.</summary>
    private static bool IsRewritten(string value) =>
        value.Split('/', '.', '-', ' ') is { Length: 3 } parts && parts[0].Length is 1 or 2;
}
