using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>What is issued under a key of a member from a moment on is not to be believed.</summary>
internal sealed record RevokeKey(OperatorId OperatorId, string KeyId, DateTimeOffset From) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Members.Known(member, OperatorId).Revoke(KeyId, From, session.Now),
            cancellationToken);
}
