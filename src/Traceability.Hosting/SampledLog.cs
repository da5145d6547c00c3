using Microsoft.Extensions.Logging;

namespace Traceability.Hosting;

/// <summary>
/// What callers can bring about again and again is logged a few times a minute and then counted: the log grows with
/// time, and not with the number of calls.
/// </summary>
public sealed partial class SampledLog : IDisposable
{
    /// <summary>Enough to see what it is.</summary>
    public const int EachPerMinute = 5;

    /// <summary>And of all kinds together, whatever comes: some 30 KB a minute.</summary>
    public const int AllPerMinute = 60;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly ILogger<SampledLog> _logger;
    private readonly ITimer _timer;
    private Dictionary<string, (long Told, long All)> _minute = [];
    private int _told;

    public SampledLog(TimeProvider clock, ILogger<SampledLog> logger)
    {
        _logger = logger;
        _timer = clock.CreateTimer(_ => EndMinute(), null, Minute, Minute);
    }

    /// <summary>Whether this one is told by itself; if not, it is counted.</summary>
    /// <param name="what">Of a closed list: the method and what became of the call.</param>
    public bool Takes(string what)
    {
        lock (_lock)
        {
            var (told, all) = _minute.GetValueOrDefault(what);
            var takes = told < EachPerMinute && _told < AllPerMinute;
            _minute[what] = (takes ? told + 1 : told, all + 1);
            _told += takes ? 1 : 0;
            return takes;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        EndMinute();
    }

    private void EndMinute()
    {
        Dictionary<string, (long Told, long All)> minute;
        lock (_lock)
        {
            (minute, _minute, _told) = (_minute, [], 0);
        }

        var more = minute.Where(one => one.Value.All > one.Value.Told)
            .Select(one => (What: one.Key, Count: one.Value.All - one.Value.Told))
            .OrderByDescending(one => one.Count).ToArray();
        foreach (var (what, count) in more.Take(AllPerMinute))
        {
            LogMore(what, count);
        }

        if (more.Length > AllPerMinute)
        {
            LogMore("calls of other kinds", more.Skip(AllPerMinute).Sum(one => one.Count));
        }
    }

    [LoggerMessage(LogLevel.Information, "{What}: and {Count} more within a minute")]
    private partial void LogMore(string what, long count);
}
