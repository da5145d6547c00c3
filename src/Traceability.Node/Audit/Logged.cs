namespace Traceability.Node.Audit;

/// <summary>An event is logged and cosigned about a second after it was written.</summary>
internal static class Logged
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    /// <exception cref="RefusedException">It takes too long; the message says what to do.</exception>
    public static async Task WaitAsync(
        Func<Task<bool>> done, string message, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookInterval, clock);
        for (var waited = TimeSpan.Zero; !await done(); waited += LookInterval)
        {
            if (waited >= Longest)
            {
                throw new RefusedException(RefusalReason.PeerUnavailable, message, ("peer", "broker"));
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
