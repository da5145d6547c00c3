namespace Traceability.Node.Operators;

/// <summary>Wakes all who wait for something to happen.</summary>
internal sealed class Signal
{
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Ends when it happens the next time. Taken before looking: what happens while somebody looks is not missed.
    /// </summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Set() =>
        Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
}
