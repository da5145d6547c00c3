using Microsoft.Extensions.Logging;
using Traceability.Hosting;
using Xunit;

namespace Traceability.UnitTests.Hosting;

public sealed class SampledLogTests : IDisposable
{
    private const string Refused = "/part.PartService/GetPart was refused: NotDisclosed";

    private readonly Clock _clock = new();
    private readonly Lines _lines = new();
    private readonly SampledLog _log;

    public SampledLogTests() => _log = new(_clock, _lines);

    [Fact]
    public void The_first_of_a_minute_are_told_and_the_rest_is_counted_when_it_ends()
    {
        var told = Enumerable.Range(0, 12_350).Count(_ => _log.Takes(Refused));
        Assert.Empty(_lines.Written);
        _clock.EndMinute();

        Assert.Equal(SampledLog.EachPerMinute, told);
        Assert.Equal([$"{Refused}: and 12345 more within a minute"], _lines.Written);
    }

    [Fact]
    public void Each_minute_begins_anew_and_a_quiet_one_says_nothing()
    {
        Assert.True(_log.Takes(Refused));
        _clock.EndMinute();
        _clock.EndMinute();

        Assert.True(_log.Takes(Refused));
        Assert.Empty(_lines.Written);
    }

    [Fact]
    public void What_is_loud_does_not_hide_what_is_rare()
    {
        for (var call = 0; call < 1000; call++)
        {
            _log.Takes(Refused);
        }

        Assert.True(_log.Takes("/part.PartService/GetPart failed: NullReferenceException"));
    }

    [Fact]
    public void However_much_and_however_many_kinds_come_the_log_has_a_bound()
    {
        var told = Enumerable.Range(0, 100_000).Count(call => _log.Takes($"kind {call % 200}"));
        _clock.EndMinute();

        Assert.Equal(SampledLog.AllPerMinute, told);
        Assert.Equal(SampledLog.AllPerMinute + 1, _lines.Written.Count);
        Assert.Equal(100_000 - told, _lines.Written.Sum(line => long.Parse(line.Split("and ")[1].Split(' ')[0])));
    }

    [Fact]
    public void What_was_counted_is_said_before_the_server_ends()
    {
        for (var call = 0; call < 7; call++)
        {
            _log.Takes(Refused);
        }

        _log.Dispose();

        Assert.Equal([$"{Refused}: and 2 more within a minute"], _lines.Written);
    }

    public void Dispose() => _log.Dispose();

    /// <summary>Its minutes end when the test says so.</summary>
    private sealed class Clock : TimeProvider
    {
        private Action? _tick;

        public void EndMinute() => _tick!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)), (dueTime, period));
            _tick = () => callback(state);
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    private sealed class Lines : ILogger<SampledLog>
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Written.Add(formatter(state, exception));
    }
}
