using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using Traceability.Domain;

namespace Traceability.Hosting;

/// <summary>
/// What one operator may take of a server: calls per second and streams at a time. One that asks too much is told so,
/// and slows nobody else down.
/// </summary>
internal sealed class CallLimits(HostSettings settings) : IDisposable
{
    /// <summary>A busy second is forgiven.</summary>
    private const int BurstSeconds = 2;

    private readonly PartitionedRateLimiter<OperatorId> _calls =
        PartitionedRateLimiter.Create<OperatorId, OperatorId>(operatorId =>
        RateLimitPartition.GetTokenBucketLimiter(operatorId, _ => new()
        {
            TokenLimit = settings.CallsPerSecond * BurstSeconds,
            TokensPerPeriod = settings.CallsPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));

    private readonly ConcurrentDictionary<OperatorId, int> _streams = [];

    public void Call(Caller caller)
    {
        using var lease = _calls.AttemptAcquire(caller.OperatorId);
        if (!lease.IsAcquired)
        {
            throw Exceeded("calls_per_second", settings.CallsPerSecond, "Slow down and try again in a second.");
        }
    }

    /// <summary>Until it is disposed of, the stream counts.</summary>
    public IDisposable Stream(Caller caller)
    {
        var open = _streams.AddOrUpdate(caller.OperatorId, 1, (_, count) => count + 1);
        var stream = new OpenStream(this, caller.OperatorId);
        if (open <= settings.StreamsPerOperator)
        {
            return stream;
        }

        stream.Dispose();
        throw Exceeded("streams", settings.StreamsPerOperator, "End one of the others first.");
    }

    public void Dispose() => _calls.Dispose();

    private static RefusedException Exceeded(string limit, int maximum, string advice) => new(
        RefusalReason.LimitExceeded,
        $"More than {maximum} of {limit} for one operator. {advice}",
        ("limit", limit),
        ("maximum", $"{maximum}"));

    private sealed class OpenStream(CallLimits limits, OperatorId operatorId) : IDisposable
    {
        private int _closed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _closed, 1) == 0)
            {
                limits._streams.AddOrUpdate(operatorId, 0, (_, count) => count - 1);
            }
        }
    }
}
