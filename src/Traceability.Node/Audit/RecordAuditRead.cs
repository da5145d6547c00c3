using Traceability.Domain.Audits;
using Traceability.Node.Operators;

namespace Traceability.Node.Audit;

/// <summary>An auditor of another firm is shown something: it stands in the history before it is shown.</summary>
internal sealed record RecordAuditRead(Guid ReadId, AuditGrant Grant, TraceId Part, long? Version, string What)
    : IAct<Decided<AuditRead>>
{
    public Task<Decided<AuditRead>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var used = new AuditGrantUsed(ReadId, Grant.GrantId, Grant.AuditorId, Part, Version, What, session.Now);
        return session.DecideAsync<AuditRead>(
            StreamNames.AuditRead(ReadId), read => read is null ? [used] : [], cancellationToken);
    }
}
