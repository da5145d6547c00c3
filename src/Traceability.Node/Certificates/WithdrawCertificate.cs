using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Releases;
using Traceability.Node.Operators;
using Traceability.Node.Statements;

namespace Traceability.Node.Certificates;

/// <summary>
/// The company does not stand by a certificate any more: customers who were shown it are told. Also about a retired
/// part, because what was said of it must not go on for ever.
/// </summary>
internal sealed record WithdrawCertificate(Guid CertificateId) : IAct<RecordedCertificate>
{
    public async Task<RecordedCertificate> HandleAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        var decided = await session.DecideAsync<Certificate>(
            StreamNames.Certificate(CertificateId),
            existing => Certificate.Withdraw(existing, CertificateId, session.Now),
            cancellationToken);
        var part = decided.State.TraceId;
        var footprint = await session.ReadAsync<Footprint>(StreamNames.Footprint(part), cancellationToken);
        if (decided.Events.Count > 0)
        {
            await session.TellAsync([part], cancellationToken, FootprintField.Certificate);
        }

        return new(decided.State, footprint ?? Footprint.Unknown(part));
    }
}
