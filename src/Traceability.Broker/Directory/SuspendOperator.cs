using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A member may not take part until it is reinstated.</summary>
internal sealed record SuspendOperator(OperatorId OperatorId) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Members.Known(member, OperatorId).Suspend(session.Now),
            cancellationToken);
}

/// <summary>A member may take part again.</summary>
internal sealed record ReinstateOperator(OperatorId OperatorId) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Members.Known(member, OperatorId).Reinstate(session.Now),
            cancellationToken);
}

/// <summary>The one answer to what is not there.</summary>
internal static class Members
{
    public static Operator Known(Operator? member, OperatorId operatorId) =>
        member ?? throw RefusedException.NotDisclosed("Operator", "operator_id", operatorId);
}
