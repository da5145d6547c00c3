using Grpc.Core;
using Marten;
using Traceability.Domain.Audits;
using Traceability.Hosting;
using Traceability.Node.Operators;

namespace Traceability.Node.Audit;

/// <summary>
/// Whose history a caller may read, how much of it, and under which grant; null for the company itself.
/// </summary>
internal sealed record Admission(HostedOperator Operator, AuditScope Scope, AuditGrant? Grant)
{
    /// <summary>
    /// The company's own people see everything; auditors of another firm see what was granted to it, and whatever is
    /// missing, they get one answer.
    /// </summary>
    /// <param name="operators">Those of this node.</param>
    /// <param name="operatorId">Whose history; null: the caller's own.</param>
    /// <param name="traceId">About which part.</param>
    /// <param name="version">Which version; null: as much as there is.</param>
    /// <param name="now">The time.</param>
    /// <param name="call">Who asks.</param>
    public static async Task<Admission> OfAsync(
        HostedOperators operators, OperatorId? operatorId, TraceId traceId, long? version, DateTimeOffset now,
        ServerCallContext call)
    {
        var caller = call.Caller();
        if (IsOwn(caller, operatorId))
        {
            return new(operators.EvenStopped(call), AuditScope.Everything, null);
        }

        var stranger = RefusedException.NotDisclosed("Part", "trace_id", traceId);
        if (operatorId is not { } id || operators.Find(id) is not { } op
            || !caller.Roles.Contains(Roles.ExternalAuditor))
        {
            throw stranger;
        }

        await using var session = op.Query();
        var grants = await session.Query<AuditGrant>()
            .Where(grant => grant.AuditorId == caller.OperatorId && grant.TraceId == traceId)
            .OrderBy(grant => grant.Id).ToListAsync(call.CancellationToken);
        var widest = grants.Where(grant => grant.Covers(version, now))
            .OrderByDescending(grant => (grant.WithBillOfMaterials, grant.Version is null)).FirstOrDefault();
        return widest is null
            ? throw stranger
            : new(op, new(widest.Version, widest.WithBillOfMaterials), widest);
    }

    public static bool IsOwn(Caller caller, OperatorId? operatorId) =>
        (operatorId is null || operatorId == caller.OperatorId)
        && caller.Roles.Intersect([Roles.Clerk, Roles.Auditor]).Any();

    /// <summary>What another firm is shown stands in the company's own history before it is shown.</summary>
    public async Task RecordAsync(string what, TraceId traceId, long? version, ServerCallContext call)
    {
        if (Grant is not null)
        {
            await Operator.DoAsync(
                new RecordAuditRead(Guid.CreateVersion7(), Grant, traceId, version ?? Scope.Version, what), call);
        }
    }
}
