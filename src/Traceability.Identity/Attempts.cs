using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;

namespace Traceability.Identity;

/// <summary>
/// Slows down who tries secrets: pauses that grow, per name and address, so that whoever tries a name from one address
/// locks nobody else out, not even that name anywhere else. Names that are not known at an address share what the
/// address may try; those that came in there before do not. It is kept in memory, each replica for itself.
/// </summary>
internal sealed class Attempts(TimeProvider clock, int strangersPerMinute) : IDisposable
{
    /// <summary>A person's slips, or a program that was given a wrong secret, are forgiven.</summary>
    internal const int Free = 5;

    /// <summary>Some megabytes.</summary>
    internal const int MostRemembered = 50_000;

    internal static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>A node renews its tokens more often than that.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<(string Name, string Network), Seen> _seen = [];

    private readonly PartitionedRateLimiter<string> _strangers =
        PartitionedRateLimiter.Create<string, string>(network => RateLimitPartition.GetTokenBucketLimiter(
            network,
            _ => new()
            {
                TokenLimit = strangersPerMinute,
                TokensPerPeriod = Math.Max(1, strangersPerMinute / 60),
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
            }));

    private int _written;

    internal int Remembered => _seen.Count;

    /// <summary>How long to wait before the next attempt. Null: it may be made now.</summary>
    public TimeSpan? PauseFor(string name, string network)
    {
        var now = clock.GetUtcNow();
        if (_seen.TryGetValue(KeyOf(name, network), out var seen) && !seen.IsForgotten(now))
        {
            if (seen.Ends > now)
            {
                return seen.Ends - now;
            }

            if (seen.CameIn)
            {
                return null;
            }
        }

        using var lease = _strangers.AttemptAcquire(network);
        return lease.IsAcquired ? null : FirstPause;
    }

    public void Fail(string name, string network) => Write(
        KeyOf(name, network), (seen, now) => new(seen?.Failures + 1 ?? 1, now, seen?.CameIn ?? false));

    public void Succeed(string name, string network) => Write(KeyOf(name, network), (_, now) => new(0, now, true));

    /// <summary>At all addresses; the other replicas let the last pause pass.</summary>
    public void Forget(string name)
    {
        var hash = HashOf(name);
        foreach (var key in _seen.Keys.Where(key => key.Name == hash))
        {
            _seen.TryRemove(key, out _);
        }
    }

    public void Dispose() => _strangers.Dispose();

    private static (string Name, string Network) KeyOf(string name, string network) => (HashOf(name), network);

    /// <summary>What people type may be anything, a password in the wrong field included: it is not kept.</summary>
    private static string HashOf(string name) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(name.ToUpperInvariant())));

    private void Write((string Name, string Network) key, Func<Seen?, DateTimeOffset, Seen> next)
    {
        var now = clock.GetUtcNow();
        _seen.AddOrUpdate(
            key, _ => next(null, now), (_, seen) => next(seen.IsForgotten(now) ? null : seen, now));
        if (Interlocked.Increment(ref _written) % (MostRemembered / 10) == 0)
        {
            Forget(now);
        }
    }

    /// <summary>What has run out; and where many names are tried, those that were tried least.</summary>
    private void Forget(DateTimeOffset now)
    {
        foreach (var (key, _) in _seen.Where(one => one.Value.IsForgotten(now)))
        {
            _seen.TryRemove(key, out _);
        }

        var tooMany = _seen.Count - MostRemembered;
        foreach (var (key, _) in _seen.OrderBy(one => one.Value.CameIn).ThenBy(one => one.Value.Failures)
            .Take(Math.Max(0, tooMany)).ToArray())
        {
            _seen.TryRemove(key, out _);
        }
    }

    /// <summary>What is known of a name at an address.</summary>
    private sealed record Seen(int Failures, DateTimeOffset At, bool CameIn)
    {
        public DateTimeOffset Ends => At + Pause;

        private TimeSpan Pause => Failures < Free
            ? TimeSpan.Zero
            : TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(10, Failures - Free)));

        public bool IsForgotten(DateTimeOffset now) => now - At > Memory;
    }
}

/// <summary>Those of programs, and those of people.</summary>
internal sealed record AttemptsOf(Attempts Clients, Attempts People);
