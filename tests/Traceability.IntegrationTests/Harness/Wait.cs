namespace Traceability.IntegrationTests.Harness;

/// <summary>Tests wait for conditions, never for time.</summary>
internal static class Wait
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    public static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken deadline)
    {
        using var timer = new PeriodicTimer(LookInterval);
        while (!await condition())
        {
            await timer.WaitForNextTickAsync(deadline);
        }
    }
}
