using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>No program is let in any more with a client certificate of a member.</summary>
internal sealed record RevokeClientCertificate(OperatorId OperatorId, string Fingerprint) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Members.Known(member, OperatorId).RevokeCertificate(Fingerprint, session.Now),
            cancellationToken);
}
