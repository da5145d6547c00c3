using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Audits;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Node.Parts;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Audit;

/// <summary>What auditors of other firms may see, and what they have seen.</summary>
internal sealed partial class AuditServer
{
    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.GrantAuditResponse> GrantAudit(
        Wire.GrantAuditRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var wire = request.Grant ?? new();
        var now = clock.GetUtcNow();
        var (id, auditor, traceId) = (
            input.Id("grant.grant_id", wire.GrantId),
            input.Id("grant.auditor_operator_id", wire.AuditorOperatorId),
            input.Id("grant.trace_id", wire.TraceId));
        var version = Version(input, "grant.version", wire.Version);
        var until = input.OptionalTime("grant.valid_until_time", wire.ValidUntilTime);
        if (until is null || until <= now)
        {
            input.Violate("grant.valid_until_time", until, "must be given, and in the future.");
        }

        input.ThrowIfInvalid();
        (await op.PartAsync(traceId, context.CancellationToken)).MustBe(PartKind.Made);
        await op.MustBeMemberAsync("auditor_operator_id", auditor, context.CancellationToken);
        var wanted = new AuditGranted(id, auditor, traceId, version, wire.WithBillOfMaterials, until!.Value, now);
        var decided = await op.WorkAsync(context, work => work.DecideAsync<AuditGrant>(
            Keys.AuditGrant(id), existing => AuditGrant.Grant(existing, wanted), context.CancellationToken));
        return new() { Grant = ToWire(decided.State) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RevokeAuditGrantResponse> RevokeAuditGrant(
        Wire.RevokeAuditGrantRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("grant_id", request.GrantId);
        input.ThrowIfInvalid();
        var decided = await op.WorkAsync(context, work => work.DecideAsync<AuditGrant>(
            Keys.AuditGrant(id),
            existing => AuditGrant.Revoke(existing, id, clock.GetUtcNow()),
            context.CancellationToken));
        return new() { Grant = ToWire(decided.State) };
    }

    [AllowRoles(Roles.Clerk, Roles.Auditor, Roles.ExternalAuditor)]
    public override async Task<Wire.ListAuditGrantsResponse> ListAuditGrants(
        Wire.ListAuditGrantsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        var operatorId = input.OptionalId("operator_id", request.OperatorId);
        input.ThrowIfInvalid();
        var caller = context.Caller();
        var own = Admission.IsOwn(caller, operatorId);
        var op = own ? operators.Of(context) : operators.Find(operatorId ?? Guid.Empty);
        if (op is null || !own && !caller.Roles.Contains(Roles.ExternalAuditor))
        {
            return new();
        }

        const string Order = " order by (d.data ->> 'grantedAt')::timestamptz desc, d.id offset ? limit ?";
        var page = own
            ? await op.QueryAsync<AuditGrant>(Order, context.CancellationToken, skip, size)
            : await op.QueryAsync<AuditGrant>(
                "where d.data ->> 'auditorId' = ? and d.data ->> 'revokedAt' is null "
                    + "and (d.data ->> 'validUntil')::timestamptz > ?" + Order,
                context.CancellationToken,
                caller.OperatorId.ToString(),
                clock.GetUtcNow(),
                skip,
                size);
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
        var page = await op.QueryAsync<AuditRead>(
            "order by (d.data ->> 'readAt')::timestamptz desc, d.id offset ? limit ?",
            context.CancellationToken,
            skip,
            size);
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

    private static Wire.AuditGrant ToWire(AuditGrant grant) => new()
    {
        GrantId = grant.GrantId.ToString(),
        AuditorOperatorId = grant.AuditorId.ToString(),
        TraceId = grant.TraceId.ToString(),
        Version = grant.Version ?? 0,
        WithBillOfMaterials = grant.WithBillOfMaterials,
        ValidUntilTime = grant.ValidUntil.ToTimestamp(),
        GrantTime = grant.GrantedAt.ToTimestamp(),
        RevokeTime = grant.RevokedAt?.ToTimestamp(),
    };
}
