using System.Globalization;
using Traceability.Cli;
using Xunit;
using Calendar = Traceability.Domain.Companies.Calendar;

namespace Traceability.UnitTests.Cli;

public class TypedTimeTests
{
    [Theory]
    [InlineData("2026-12-31", "2026-12-30T15:00:00Z", "2026-12-31T15:00:00Z")]
    [InlineData("2026-12-31T15:00", "2026-12-31T06:00:00Z", "2026-12-31T06:00:00Z")]
    [InlineData("2026-12-31 15:00:01", "2026-12-31T06:00:01Z", "2026-12-31T06:00:01Z")]
    [InlineData("2026-12-31T15:00:00Z", "2026-12-31T15:00:00Z", "2026-12-31T15:00:00Z")]
    [InlineData("2026-12-31T15:00:00.5Z", "2026-12-31T15:00:00.5Z", "2026-12-31T15:00:00.5Z")]
    [InlineData("2026-12-31T15:00:00+01:00", "2026-12-31T14:00:00Z", "2026-12-31T14:00:00Z")]
    public void A_time_without_an_offset_is_one_of_the_company_and_a_day_lasts_until_it_ends(
        string typed, string start, string end)
    {
        var (time, tokyo) = (TypedTime.Parse(typed)!, Calendar.Find("Asia/Tokyo")!);

        Assert.Equal(Time(start), time.Start(tokyo));
        Assert.Equal(Time(end), time.End(tokyo));
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("31.12.2026")]
    [InlineData("12/31/2026")]
    [InlineData("2026-02-30")]
    [InlineData("")]
    public void What_could_be_read_in_two_ways_is_no_time(string typed) => Assert.Null(TypedTime.Parse(typed));

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
