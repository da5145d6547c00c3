using Traceability.Domain.Certificates;
using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Releases;
using Traceability.Evidence;
using Traceability.Node.Companies;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Node.Statements;

namespace Traceability.Node.Certificates;

/// <summary>A verifier's certificate, and the footprint as it stands: together they say what it is worth.</summary>
internal sealed record RecordedCertificate(Certificate Certificate, Footprint Footprint);

/// <summary>
/// A verifier's certificate about the footprint of a part is put on record, and signed for customers.
/// </summary>
internal sealed record RecordCertificate(
    Guid CertificateId, TraceId Part, string Verifier, IReadOnlyList<StageFigure> Stages, ReferencePeriod Valid)
    : IAct<RecordedCertificate>
{
    public async Task<RecordedCertificate> HandleAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            session.FetchZone(),
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.Of<Footprint>(StreamNames.Footprint(Part)),
            Fetch.ToDecide<Certificate>(StreamNames.Certificate(CertificateId)));
        session.KnownPart(Part).MustBeInUse();
        var footprint = session.Known<Footprint>(StreamNames.Footprint(Part)) ?? Footprint.Unknown(Part);
        var valid = (await session.ZoneAsync(cancellationToken)).At(Valid);
        var decided = await session.DecideAsync<Certificate>(
            StreamNames.Certificate(CertificateId),
            existing => Certificate.Record(
                existing, CertificateId, footprint, Verifier, Stages, valid, session.SignFor(Part), session.Now),
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.TouchAt(Part, Valid.End);
            await session.TellAsync([Part], cancellationToken, FootprintField.Certificate);
        }

        return new(decided.State, footprint);
    }
}

/// <summary>
/// What a verifier certified stands, whoever got hold of the key under which it went out: customers get it under
/// another.
/// </summary>
internal sealed record SignCertificateAnew(Guid CertificateId, string Replaced) : IAct<Decided<Certificate>>
{
    public async Task<Decided<Certificate>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var stream = StreamNames.Certificate(CertificateId);
        await session.FetchAsync(cancellationToken, Fetch.ToDecide<Certificate>(stream));
        var part = session.Known<Certificate>(stream)!.TraceId;
        var decided = await session.DecideAsync<Certificate>(
            stream,
            found => Certificate.SignAnew(found, Replaced, session.SignFor(part), session.Now),
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            await session.TellAsync([part], cancellationToken, FootprintField.Certificate);
        }

        return decided;
    }
}

/// <summary>How certificates go out.</summary>
internal static class CertificateSignature
{
    public static Func<StatedCertificate, string> SignFor(this OperatorSession session, TraceId part) => stated =>
        CertificateForm.Sign(
            session.Keys.Signing, session.Operator, session.Keys.PartRef(part), stated, session.Now);
}
