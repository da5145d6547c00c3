using System.Collections.Concurrent;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// A clock that goes on by itself and can be set forward: what waits for a moment that lies behind it then wakes, as on a
/// machine whose time has come.
/// </summary>
public sealed class MovableClock : TimeProvider
{
    private readonly ConcurrentDictionary<Alarm, byte> _alarms = [];
    private long _ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _ahead));

    public void MoveTo(DateTimeOffset time)
    {
        var ahead = time - System.GetUtcNow();
        if (ahead.Ticks <= Volatile.Read(ref _ahead))
        {
            throw new ArgumentOutOfRangeException(nameof(time), time, "The clock is past that already: it goes forward only.");
        }

        Volatile.Write(ref _ahead, ahead.Ticks);
        foreach (var alarm in _alarms.Keys)
        {
            alarm.Reset();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        _alarms[alarm] = 0;
        alarm.Change(dueTime, period);
        return alarm;
    }

    private sealed class Alarm : ITimer
    {
        private readonly MovableClock _clock;
        private readonly ITimer _timer;
        private readonly Lock _changing = new();
        private DateTimeOffset? _due;
        private TimeSpan _period;

        public Alarm(MovableClock clock, TimerCallback callback, object? state)
        {
            _clock = clock;
            _timer = System.CreateTimer(
                _ =>
                {
                    lock (_changing)
                    {
                        _due = _period > TimeSpan.Zero ? clock.GetUtcNow() + _period : null;
                    }

                    callback(state);
                },
                null,
                Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_changing)
            {
                (_due, _period) = (dueTime < TimeSpan.Zero ? null : _clock.GetUtcNow() + dueTime, period);
                return _timer.Change(dueTime, period);
            }
        }

        public void Reset()
        {
            lock (_changing)
            {
                if (_due is { } due)
                {
                    var left = due - _clock.GetUtcNow();
                    _timer.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, _period);
                }
            }
        }

        public void Dispose()
        {
            _clock._alarms.TryRemove(this, out _);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            _clock._alarms.TryRemove(this, out _);
            return _timer.DisposeAsync();
        }
    }
}
