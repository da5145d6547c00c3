using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Marten;
using Traceability.Domain.Audits;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Audit;

/// <summary>What auditors of other firms may see, and what they have seen.</summary>
internal sealed partial class AuditServer
{
    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.GrantAuditResponse> GrantAudit(
        Wire.GrantAuditRequest request, ServerCallContext context)
    {
        var input = new Input();
        var wire = request.Grant ?? new();
        var (id, auditor, traceId) = (
            input.Id("grant.grant_id", wire.GrantId),
            input.Id<OperatorId>("grant.auditor_operator_id", wire.AuditorOperatorId),
            input.Id<TraceId>("grant.trace_id", wire.TraceId));
        var version = Version(input, "grant.version", wire.Version);
        var until = input.OptionalTime("grant.valid_until_time", wire.ValidUntilTime);
        if (until is null || until <= clock.GetUtcNow())
        {
            input.Violate("grant.valid_until_time", until, "must be given, and in the future.");
        }

        input.ThrowIfInvalid();
        var act = new GrantAudit(id, auditor, traceId, version, wire.WithBillOfMaterials, until!.Value);
        return new() { Grant = ToWire((await operators.Of(context).DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RevokeAuditGrantResponse> RevokeAuditGrant(
        Wire.RevokeAuditGrantRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new RevokeAuditGrant(input.Id("grant_id", request.GrantId));
        input.ThrowIfInvalid();
        return new() { Grant = ToWire((await operators.Of(context).DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Clerk, Roles.Auditor, Roles.ExternalAuditor)]
    public override async Task<Wire.ListAuditGrantsResponse> ListAuditGrants(
        Wire.ListAuditGrantsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        var operatorId = input.OptionalId<OperatorId>("operator_id", request.OperatorId);
        input.ThrowIfInvalid();
        var caller = context.Caller();
        var own = Admission.IsOwn(caller, operatorId);
        var op = own ? operators.Of(context) : operators.Find(operatorId ?? default);
        if (op is null || !own && !caller.Roles.Contains(Roles.ExternalAuditor))
        {
            return new();
        }

        var now = clock.GetUtcNow();
        await using var session = op.Query();
        var grants = session.Query<AuditGrant>();
        var page = await (own ? grants : grants.Where(grant =>
                grant.AuditorId == caller.OperatorId && grant.RevokedAt == null && grant.ValidUntil > now))
            .OrderByDescending(grant => grant.GrantedAt).ThenBy(grant => grant.Id).Skip(skip).Take(size)
            .ToListAsync(context.CancellationToken);
        return new()
        {
            Grants = { page.Select(ToWire) },
            NextPageToken = page.Count < size ? "" : $"{skip + size}",
        };
    }

    public override async Task<Wire.ListAuditReadsResponse> ListAuditReads(
        Wire.ListAuditReadsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        await using var session = op.Query();
        var page = await session.Query<AuditRead>().OrderByDescending(read => read.ReadAt).ThenBy(read => read.Id)
            .Skip(skip).Take(size).ToListAsync(context.CancellationToken);
        return new()
        {
            Reads =
            {
                page.Select(one => new Wire.AuditRead
                {
                    GrantId = one.GrantId.ToString(),
                    AuditorOperatorId = one.AuditorId.ToString(),
                    TraceId = one.TraceId.ToString(),
                    Version = one.Version ?? 0,
                    What = one.What,
                    ReadTime = one.ReadAt.ToTimestamp(),
                }),
            },
            NextPageToken = page.Count < size ? "" : $"{skip + size}",
        };
    }

    /// <summary>On the wire 0 is none.</summary>
    private static long? Version(Input input, string field, long version)
    {
        if (version < 0)
        {
            input.Violate(field, version, "must be a version, or 0.");
        }

        return version == 0 ? null : version;
    }

    private Wire.AuditGrant ToWire(AuditGrant grant) => new()
    {
        GrantId = grant.GrantId.ToString(),
        AuditorOperatorId = grant.AuditorId.ToString(),
        TraceId = grant.TraceId.ToString(),
        Version = grant.Version ?? 0,
        WithBillOfMaterials = grant.WithBillOfMaterials,
        ValidUntilTime = grant.ValidUntil.ToTimestamp(),
        GrantTime = grant.GrantedAt.ToTimestamp(),
        RevokeTime = grant.RevokedAt?.ToTimestamp(),
        Ended = !grant.InForce(clock.GetUtcNow()),
    };
}
