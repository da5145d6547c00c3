using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A member puts a key into use; the one before it ends. Publishing it again changes nothing.</summary>
internal sealed record PublishKey(OperatorId OperatorId, string KeyId, KeyUse Use, string Jwk) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Members.Known(member, OperatorId).Publish(KeyId, Use, Jwk, session.Now),
            cancellationToken);
}
