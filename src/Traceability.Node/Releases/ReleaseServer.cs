using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Node.Operators;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Releases;

/// <summary>What one customer may see.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class ReleaseServer(HostedOperators operators, NodeSettings node, TimeProvider clock)
    : Wire.ReleaseService.ReleaseServiceBase
{
    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.GrantReleaseResponse> GrantRelease(
        Wire.GrantReleaseRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var fields = input.Fields("fields", request.Fields);
        if (!fields.Contains(FootprintField.Total) && !fields.Contains(FootprintField.Stages))
        {
            input.Violate(
                "fields", string.Join(", ", fields), "must name the total or the stages; to show nothing, revoke it.");
        }

        string[] accepted =
        [
            .. request.AcceptedFindings.Index()
                .Select(code => input.OneOf($"accepted_findings[{code.Index}]", code.Item, InferenceCheck.Codes))
                .Distinct().Order(StringComparer.Ordinal),
        ];
        var purpose = input.OneOf("purpose", request.Purpose, Purposes.All);
        var until = input.OptionalTime("valid_until_time", request.ValidUntilTime);
        if (until <= clock.GetUtcNow())
        {
            input.Violate("valid_until_time", until, "must be in the future.");
        }

        input.ThrowIfInvalid();
        var trade = await FindAsync(op, id, context.CancellationToken);
        trade.MustBeSupplier(op.OperatorId);
        if (trade.Status == TradeStatus.Accepted)
        {
            await InferenceReview.CheckAsync(
                op, trade, fields, accepted, node.Inference, clock.GetUtcNow(), context.CancellationToken);
        }

        var release = await op.WorkAsync(context, async work =>
        {
            var decided = await work.DecideAsync<Release>(
                Keys.Release(id),
                existing => Release.Grant(
                    existing, trade, op.OperatorId, fields, purpose, until, clock.GetUtcNow(), accepted),
                context.CancellationToken);
            if (decided.Events.Count > 0)
            {
                work.Send(Outbox.ReleaseGrant, id, new ReleaseToSend(decided.State.Revision));
                work.Send(Outbox.Disclosure, id);
            }

            return decided.State;
        });
        op.WakeSender();
        return new() { Release = ToWire(release) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RevokeReleaseResponse> RevokeRelease(
        Wire.RevokeReleaseRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.ThrowIfInvalid();

        var trade = await FindAsync(op, id, context.CancellationToken);
        var release = await op.WorkAsync(context, async work =>
        {
            var decided = await work.DecideAsync<Release>(
                Keys.Release(id),
                existing => Release.Revoke(existing, trade, op.OperatorId, clock.GetUtcNow()),
                context.CancellationToken);
            if (decided.Events.Count > 0)
            {
                work.Send(Outbox.ReleaseRevoke, id, new ReleaseToSend(decided.State.Revision));
            }

            return decided.State;
        });
        if (release is null)
        {
            throw RefusedException.NotDisclosed("Release", "trade_id", id);
        }

        op.WakeSender();
        await ConfirmAsync(op, release, context.CancellationToken);
        return new() { Release = ToWire(release) };
    }

    public override async Task<Wire.ReviewReleaseResponse> ReviewRelease(
        Wire.ReviewReleaseRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var fields = input.Fields("fields", request.Fields);
        input.ThrowIfInvalid();
        var trade = await FindAsync(op, id, context.CancellationToken);
        trade.MustBeSupplier(op.OperatorId);
        if (trade.Status != TradeStatus.Accepted)
        {
            throw trade.NotAccepted();
        }

        var findings = await InferenceReview.FindingsAsync(
            op, trade, fields, clock.GetUtcNow(), context.CancellationToken);
        return new()
        {
            Mode = node.Inference.ToString().ToLowerInvariant(),
            Findings =
            {
                findings.Select(finding => new Wire.InferenceFinding
                {
                    Code = finding.Code,
                    Explanation = finding.Explanation,
                    ChildTraceId = $"{finding.ChildTraceId}",
                }),
            },
        };
    }

    public override async Task<Wire.ListDisclosuresResponse> ListDisclosures(
        Wire.ListDisclosuresRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        var trade = input.OptionalId("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        var page = await op.QueryAsync<Disclosure>(
            "where ? in ('', d.data ->> 'tradeId') "
                + "order by (d.data ->> 'deliveredAt')::timestamptz desc, d.id offset ? limit ?",
            context.CancellationToken,
            $"{trade}",
            skip,
            size);
        return new()
        {
            Disclosures =
            {
                page.Select(one => new Wire.Disclosure
                {
                    TradeId = one.TradeId.ToString(),
                    TraceId = $"{one.TraceId}",
                    BuyerOperatorId = $"{one.BuyerId}",
                    Version = one.Version,
                    Fields = { one.Fields.Select(field => (Contracts.Common.V1.FootprintField)field) },
                    DeliverTime = one.DeliveredAt.ToTimestamp(),
                }),
            },
            NextPageToken = page.Count < size ? "" : $"{skip + size}",
        };
    }

    public override async Task<Wire.GetReleaseResponse> GetRelease(
        Wire.GetReleaseRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        (await FindAsync(op, id, context.CancellationToken)).MustBeSupplier(op.OperatorId);
        var release = await op.ReadAsync<Release>(Keys.Release(id), context.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Release", "trade_id", id);
        return new() { Release = ToWire(release) };
    }

    /// <summary>A revocation counts when the broker knows it: then nothing is delivered under it any more.</summary>
    private static async Task ConfirmAsync(HostedOperator op, Release release, CancellationToken cancellationToken)
    {
        try
        {
            await Sender.RevokeReleaseAsync(op, release.TradeId, release.Revision, cancellationToken);
        }
        catch (Exception exception) when (exception is RpcException or HttpRequestException)
        {
            throw new RefusedException(
                RefusalReason.PeerUnavailable,
                "The release has ended in this node, but the broker has not confirmed it yet; it will be told. "
                    + "Repeat the call to be sure.",
                ("peer", "broker"));
        }
    }

    private static async Task<Trade> FindAsync(HostedOperator op, Guid id, CancellationToken cancellationToken) =>
        await op.ReadAsync<Trade>(Keys.Trade(id), cancellationToken)
        ?? throw RefusedException.NotDisclosed("Trade", "trade_id", id);

    private static Wire.Release ToWire(Release release) => new()
    {
        TradeId = release.TradeId.ToString(),
        Fields = { release.Fields.Select(field => (Contracts.Common.V1.FootprintField)field) },
        Purpose = release.Purpose,
        ValidUntilTime = release.ValidUntil?.ToTimestamp(),
        Revoked = release.Revoked,
        ChangeTime = release.ChangedAt.ToTimestamp(),
    };
}
