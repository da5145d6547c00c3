using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A member that has lost its signing key may announce the one that was compared.</summary>
internal sealed record AllowKeyRecovery(OperatorId OperatorId, string Fingerprint) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Members.Known(member, OperatorId).AllowRecovery(Fingerprint, session.Now),
            cancellationToken);
}
