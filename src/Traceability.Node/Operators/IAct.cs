using Traceability.Storage.Logs;

namespace Traceability.Node.Operators;

/// <summary>
/// Something that is done with an operator's data, decided and written in one transaction. An act is the same whatever
/// door it came through, and knows nothing of doors: rpcs, imports and what others send call the same.
/// </summary>
internal interface IAct<TResult>
{
    /// <summary>
    /// Companies that the act names. Whether they are members is asked before its transaction begins: nobody waits for
    /// the broker in the middle of one.
    /// </summary>
    IEnumerable<OperatorId> Members => [];

    Task<TResult> HandleAsync(OperatorSession session, CancellationToken cancellationToken);
}

/// <summary>
/// Something that was decided and is to be told the broker. Notices are stored until it knows: kinds and members stay.
/// </summary>
internal interface INotice
{
    static abstract string Kind { get; }
}

/// <summary>What must hold before an operator lives here: its history goes on from what was witnessed.</summary>
/// <exception cref="BrokenHistoryException">It does not.</exception>
internal delegate Task MustContinue(HostedOperator op, CancellationToken cancellationToken);

/// <summary>What follows from every act, in its own transaction: the roll-up of what it touched.</summary>
internal delegate Task FollowUp(OperatorSession session, CancellationToken cancellationToken);
