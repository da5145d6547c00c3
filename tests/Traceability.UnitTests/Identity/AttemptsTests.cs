using Traceability.Identity;
using Xunit;

namespace Traceability.UnitTests.Identity;

public sealed class AttemptsTests : IDisposable
{
    private const int Many = 10_000;

    private readonly Clock _clock = new();
    private readonly Attempts _attempts;

    public AttemptsTests() => _attempts = new(_clock, strangersPerMinute: 600);

    [Fact]
    public void Pauses_grow_and_end()
    {
        List<double> pauses = [];
        for (var wrong = 0; wrong < 15; wrong++)
        {
            _attempts.Fail("client", "here");
            var pause = _attempts.PauseFor("client", "here");
            pauses.Add(pause?.TotalSeconds ?? 0);
            _clock.Pass(pause ?? TimeSpan.Zero);
            Assert.Null(_attempts.PauseFor("client", "here"));
        }

        Assert.Equal([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60], pauses);
    }

    [Fact]
    public void Ten_thousand_wrong_secrets_lock_nobody_else_out()
    {
        _attempts.Succeed("neighbour", "here");
        var tried = 0;
        for (var wrong = 0; wrong < Many; wrong++)
        {
            if (_attempts.PauseFor("victim", "here") is null)
            {
                tried++;
                _attempts.Fail("victim", "here");
            }
        }

        Assert.Equal(Attempts.Free, tried);
        Assert.Null(_attempts.PauseFor("neighbour", "here"));
        Assert.Null(_attempts.PauseFor("newcomer", "here"));
        Assert.Null(_attempts.PauseFor("victim", "elsewhere"));
    }

    [Fact]
    public void Who_tries_many_names_uses_up_what_strangers_may_there_and_no_more()
    {
        _attempts.Succeed("neighbour", "here");
        var tried = 0;
        for (var number = 0; number < Many; number++)
        {
            if (_attempts.PauseFor($"name {number}", "here") is null)
            {
                tried++;
                _attempts.Fail($"name {number}", "here");
            }
        }

        Assert.InRange(tried, 1, 1200);
        Assert.Null(_attempts.PauseFor("neighbour", "here"));
        Assert.Null(_attempts.PauseFor("name 1", "elsewhere"));
    }

    [Fact]
    public void Who_came_in_starts_anew()
    {
        for (var wrong = 0; wrong < 20; wrong++)
        {
            _attempts.Fail("client", "here");
        }

        Assert.NotNull(_attempts.PauseFor("client", "here"));
        _attempts.Succeed("client", "here");

        Assert.Null(_attempts.PauseFor("client", "here"));
        _attempts.Fail("client", "here");
        Assert.Null(_attempts.PauseFor("client", "here"));
    }

    [Fact]
    public void A_name_can_be_let_in_again_everywhere()
    {
        for (var wrong = 0; wrong < 20; wrong++)
        {
            _attempts.Fail("person", "here");
            _attempts.Fail("person", "there");
            _attempts.Fail("other", "here");
        }

        _attempts.Forget("person");

        Assert.Null(_attempts.PauseFor("person", "here"));
        Assert.Null(_attempts.PauseFor("person", "there"));
        Assert.NotNull(_attempts.PauseFor("other", "here"));
    }

    [Fact]
    public void Names_without_end_take_no_memory_without_end()
    {
        _attempts.Succeed("neighbour", "here");
        for (var number = 0; number < 3 * Attempts.MostRemembered; number++)
        {
            _attempts.Fail($"name {number}", "here");
        }

        Assert.InRange(_attempts.Remembered, 1, Attempts.MostRemembered * 11 / 10);
        Assert.Null(_attempts.PauseFor("neighbour", "here"));
    }

    public void Dispose() => _attempts.Dispose();

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public void Pass(TimeSpan time) => _now += time;
    }
}
