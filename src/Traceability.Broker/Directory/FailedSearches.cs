using System.Collections.Concurrent;

namespace Traceability.Broker.Directory;

/// <summary>Business numbers are public: whoever tries them one after another would learn who is a member.</summary>
internal sealed class FailedSearches(TimeProvider clock)
{
    private const int Most = 20;

    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<OperatorId, (DateTimeOffset Since, int Count)> _failed = [];

    /// <exception cref="RefusedException">The member has searched for too many that there are not.</exception>
    public void MustBeFew(OperatorId caller)
    {
        if (_failed.TryGetValue(caller, out var failed) && failed.Count >= Most
            && clock.GetUtcNow() - failed.Since < Window)
        {
            throw new RefusedException(
                RefusalReason.LimitExceeded,
                $"{Most} searches within an hour found nobody. Try again after {failed.Since + Window:u}, or ask your "
                    + "partner for an invitation.",
                ("limit", "searches"),
                ("maximum", $"{Most}"));
        }
    }

    public void Add(OperatorId caller) => _failed.AddOrUpdate(
        caller,
        (clock.GetUtcNow(), 1),
        (_, failed) => clock.GetUtcNow() - failed.Since < Window
            ? (failed.Since, failed.Count + 1)
            : (clock.GetUtcNow(), 1));
}
