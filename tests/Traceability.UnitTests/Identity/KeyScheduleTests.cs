using Traceability.Identity.Keys;
using Xunit;

namespace Traceability.UnitTests.Identity;

public class KeyScheduleTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);
    private static readonly KeySchedule Schedule =
        new(TimeSpan.FromDays(30), TimeSpan.FromHours(1), TimeSpan.FromMinutes(11));

    [Fact]
    public void The_first_key_is_used_at_once() => Assert.Equal(Start, Schedule.Due([], Start));

    [Fact]
    public void The_next_key_is_known_before_it_is_used_and_used_when_its_time_has_come()
    {
        KeyTime[] keys = [new("one", Start)];
        var next = Start.AddDays(30);

        Assert.Null(Schedule.Due(keys, next.AddHours(-1).AddTicks(-1)));
        Assert.Equal(next, Schedule.Due(keys, next.AddHours(-1)));
        keys = [.. keys, new("two", next)];
        Assert.Null(Schedule.Due(keys, next.AddHours(-1)));
        Assert.Equal("one", KeySchedule.Current(keys, next.AddTicks(-1))?.KeyId);
        Assert.Equal("two", KeySchedule.Current(keys, next)?.KeyId);
    }

    [Fact]
    public void A_broker_that_was_away_for_long_still_gives_notice()
    {
        KeyTime[] keys = [new("one", Start)];
        var back = Start.AddDays(90);

        Assert.Equal(back.AddHours(1), Schedule.Due(keys, back));
        Assert.Equal("one", KeySchedule.Current([.. keys, new("two", back.AddHours(1))], back)?.KeyId);
    }

    [Fact]
    public void A_key_goes_when_what_was_made_under_it_has_run_out_and_the_last_one_never()
    {
        var next = Start.AddDays(30);
        KeyTime[] keys = [new("two", next), new("one", Start)];

        Assert.Empty(Schedule.Gone(keys, next.AddMinutes(11).AddTicks(-1)));
        Assert.Equal(["one"], Schedule.Gone(keys, next.AddMinutes(11)));
        Assert.Equal(["one"], Schedule.Gone(keys, next.AddYears(10)));
        Assert.Empty(Schedule.Gone([new("one", Start)], Start.AddYears(10)));
    }

    [Fact]
    public void Whenever_replicas_look_there_is_a_key_that_all_of_them_know()
    {
        var (random, keys, now) = (new Random(4711), new List<KeyTime>(), Start);
        for (var look = 0; look < 5000; look++)
        {
            now += TimeSpan.FromMinutes(random.Next(1, 600));
            if (Schedule.Due(keys, now) is { } activeAt)
            {
                Assert.True(keys.Count == 0 || activeAt >= now + Schedule.Notice);
                keys.Add(new($"{look}", activeAt));
            }

            var gone = Schedule.Gone(keys, now).ToHashSet();
            keys.RemoveAll(key => gone.Contains(key.KeyId));
            Assert.NotNull(KeySchedule.Current(keys, now));
            Assert.InRange(keys.Count, 1, 3);
        }
    }
}
