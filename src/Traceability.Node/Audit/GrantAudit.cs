using Traceability.Domain.Audits;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Audit;

/// <summary>An auditor of another firm may see one part, or one claim about it, until a date.</summary>
internal sealed record GrantAudit(
    Guid GrantId, OperatorId Auditor, TraceId Part, long? Version, bool WithBillOfMaterials, DateTimeOffset ValidUntil)
    : IAct<Decided<AuditGrant>>
{
    public IEnumerable<OperatorId> Members => [Auditor];

    public async Task<Decided<AuditGrant>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.ToDecide<AuditGrant>(StreamNames.AuditGrant(GrantId)));
        session.KnownPart(Part).MustBe(PartKind.Made);
        session.MustBeMember("auditor_operator_id", Auditor);
        var wanted = new AuditGranted(
            GrantId, Auditor, Part, Version, WithBillOfMaterials, ValidUntil, session.Now);
        return await session.DecideAsync<AuditGrant>(
            StreamNames.AuditGrant(GrantId), existing => AuditGrant.Grant(existing, wanted), cancellationToken);
    }
}

/// <summary>The auditor may see nothing more under this grant.</summary>
internal sealed record RevokeAuditGrant(Guid GrantId) : IAct<Decided<AuditGrant>>
{
    public Task<Decided<AuditGrant>> HandleAsync(OperatorSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<AuditGrant>(
            StreamNames.AuditGrant(GrantId),
            existing => AuditGrant.Revoke(existing, GrantId, session.Now),
            cancellationToken);
}
