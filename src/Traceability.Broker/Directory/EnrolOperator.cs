using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A company becomes a member. Enrolling it again changes nothing.</summary>
internal sealed record EnrolOperator(OperatorId OperatorId, string Name, string Fingerprint)
    : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Operator.Enrol(member, OperatorId, Name, session.Now, Fingerprint),
            cancellationToken);
}
