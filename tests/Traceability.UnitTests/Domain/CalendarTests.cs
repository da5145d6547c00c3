using System.Globalization;
using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Xunit;
using Calendar = Traceability.Domain.Companies.Calendar;
using Settled = Traceability.Domain.Companies.Company;

namespace Traceability.UnitTests.Domain;

public class CalendarTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 9, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("UTC", "2026-01-01", "2026-01-01T00:00:00Z", 24)]
    [InlineData("Asia/Tokyo", "2026-01-01", "2025-12-31T15:00:00Z", 24)]
    [InlineData("Asia/Tokyo", "2026-12-31", "2026-12-30T15:00:00Z", 24)]
    [InlineData("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23)]
    [InlineData("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25)]
    [InlineData("Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00Z", 24)]
    [InlineData("America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z", 23)]
    [InlineData("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25)]
    [InlineData("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 24)]
    [InlineData("Pacific/Kiritimati", "2026-12-31", "2026-12-30T10:00:00Z", 24)]
    public void A_day_begins_where_its_zone_says_and_is_as_long_as_clocks_make_it(
        string name, string day, string begins, int hours)
    {
        var zone = Calendar.Find(name)!;
        var first = DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture);

        var start = zone.StartOf(first);

        Assert.Equal(DateTimeOffset.Parse(begins, CultureInfo.InvariantCulture), start);
        Assert.Equal(TimeSpan.FromHours(hours), zone.StartOf(first.AddDays(1)) - start);
    }

    [Theory]
    [InlineData("UTC")]
    [InlineData("Asia/Tokyo")]
    [InlineData("Europe/Berlin")]
    [InlineData("America/Santiago")]
    [InlineData("America/Havana")]
    [InlineData("America/Los_Angeles")]
    [InlineData("Pacific/Auckland")]
    public void The_moment_a_day_begins_is_in_that_day_and_the_moment_before_is_not(string name)
    {
        var zone = Calendar.Find(name)!;
        for (var day = new DateOnly(1960, 1, 1); day.Year < 2040; day = day.AddDays(1))
        {
            var start = zone.StartOf(day);

            Assert.Equal(day, DateOnly.FromDateTime(zone.At(start).DateTime));
            Assert.Equal(day.AddDays(-1), DateOnly.FromDateTime(zone.At(start.AddTicks(-1)).DateTime));
        }
    }

    [Theory]
    [InlineData("Tokyo Standard Time")]
    [InlineData("asia/tokyo")]
    [InlineData("+09:00")]
    [InlineData("JST")]
    [InlineData("EST")]
    [InlineData("")]
    [InlineData("Asia/")]
    [InlineData("Asia/Atlantis")]
    [InlineData("posix/Asia/Tokyo")]
    [InlineData("right/Asia/Tokyo")]
    [InlineData("../zoneinfo/Asia/Tokyo")]
    [InlineData("Asia/../Asia/Tokyo")]
    [InlineData("Asia/Tokyo\n")]
    public void What_is_no_zone_of_the_database_is_none(string name) => Assert.Null(Calendar.Find(name));

    [Fact]
    public void A_period_of_whole_days_has_days_in_the_zone_it_is_said_in_only()
    {
        var zone = Calendar.Find("Europe/Berlin")!;
        var half = new ReferencePeriod(zone.StartOf(new(2026, 1, 1)), zone.StartOf(new(2026, 7, 1)));

        Assert.Equal((new DateOnly(2026, 1, 1), new DateOnly(2026, 6, 30)), half.Days());
        Assert.Null(TimeZoneInfo.Utc.At(half).Days());
        Assert.Null((half with { End = half.End.AddHours(1) }).Days());
    }

    [Fact]
    public void A_company_that_has_said_nothing_has_the_days_of_UTC_and_each_zone_counts_from_its_choice_on()
    {
        var id = Any.Operator();
        Assert.Empty(Settled.ChooseTimeZone(null, id, "UTC", Now));
        var tokyo = Fold(null, Settled.ChooseTimeZone(null, id, "Asia/Tokyo", Now));
        Assert.Empty(Settled.ChooseTimeZone(tokyo, id, "Asia/Tokyo", Now.AddDays(1)));
        var berlin = Fold(tokyo, Settled.ChooseTimeZone(tokyo, id, "Europe/Berlin", Now.AddDays(2)));
        var back = Fold(berlin, Settled.ChooseTimeZone(berlin, id, "UTC", Now.AddDays(3)));

        Assert.Equal(
            ["UTC", "UTC", "Asia/Tokyo", "Europe/Berlin", "UTC"],
            new[] { Settled.TimeZoneAt(null, Now), Settled.TimeZoneAt(back, Now.AddTicks(-1)) }
                .Concat(new[] { 0, 2, 3 }.Select(days => Settled.TimeZoneAt(back, Now.AddDays(days)))));
        Assert.Equal(["Asia/Tokyo", "Europe/Berlin", "UTC"], back.TimeZones.Select(one => one.TimeZone));
    }

    private static Settled Fold(Settled? company, object[] events) => events.Aggregate(company, Settled.Evolve)!;
}
