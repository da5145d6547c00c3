using System.Collections.Concurrent;

namespace Traceability.Broker;

/// <summary>Wakes those who wait for messages on this replica. Those on others look for themselves.</summary>
internal sealed class MailSignals
{
    private readonly ConcurrentDictionary<OperatorId, TaskCompletionSource> _waiting = new();

    public void Signal(OperatorId recipient)
    {
        if (_waiting.TryRemove(recipient, out var waiting))
        {
            waiting.TrySetResult();
        }
    }

    /// <summary>Taken before looking, so that a message that arrives while looking is not missed.</summary>
    public Task Next(OperatorId recipient) => _waiting
        .GetOrAdd(recipient, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
}
