using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Marten;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Trades;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Releases;

/// <summary>What one customer may see.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class ReleaseServer(HostedOperators operators, NodeSettings node, TimeProvider clock)
    : Wire.ReleaseService.ReleaseServiceBase
{
    /// <summary>The broker confirms within milliseconds, unless it is away.</summary>
    private static readonly TimeSpan ConfirmDeadline = TimeSpan.FromSeconds(10);

    /// <summary>What this process sends is told at once; what another sends is found by looking.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.GrantReleaseResponse> GrantRelease(
        Wire.GrantReleaseRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = Releases.GrantRelease.Read(
            input,
            new("fields", "purpose", "valid_until_time"),
            input.Id<TradeId>("trade_id", request.TradeId),
            input.Fields("fields", request.Fields),
            request.Purpose,
            input.OptionalTime("valid_until_time", request.ValidUntilTime),
            request.AcceptedFindings,
            clock.GetUtcNow());
        input.ThrowIfInvalid();
        return new() { Release = ToWire((await operators.Of(context).DoAsync(act, context)).State) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RevokeReleaseResponse> RevokeRelease(
        Wire.RevokeReleaseRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var act = new RevokeRelease(input.Id<TradeId>("trade_id", request.TradeId));
        input.ThrowIfInvalid();
        var release = await op.DoAsync(act, context);
        await ConfirmAsync(op, act.TradeId, context.CancellationToken);
        return new() { Release = ToWire(release) };
    }

    public override async Task<Wire.ReviewReleaseResponse> ReviewRelease(
        Wire.ReviewReleaseRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id<TradeId>("trade_id", request.TradeId);
        var fields = input.Fields("fields", request.Fields);
        input.ThrowIfInvalid();
        var trade = await op.TradeAsync(id, context.CancellationToken);
        trade.MustBeSupplier(op.OperatorId);
        if (trade.Status != TradeStatus.Accepted)
        {
            throw trade.NotAccepted();
        }

        await using var snapshot = await op.Database.SnapshotAsync(context.CancellationToken);
        var findings = await InferenceReview.FindingsAsync(
            snapshot.Session, snapshot.Connection, trade, fields, clock.GetUtcNow(), context.CancellationToken);
        var shown = findings.Select(finding => new Wire.InferenceFinding
        {
            Code = finding.Code,
            Explanation = finding.Explanation,
            ChildTraceId = $"{finding.ChildTraceId}",
        }).ThatFit();
        return new()
        {
            Mode = node.Inference.ToString().ToLowerInvariant(),
            Findings = { shown },
            FindingsLeftOff = findings.Count - shown.Count,
        };
    }

    public override async Task<Wire.ListDisclosuresResponse> ListDisclosures(
        Wire.ListDisclosuresRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        var trade = input.OptionalId<TradeId>("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        await using var session = op.Query();
        var all = session.Query<Disclosure>();
        var page = await (trade is { } id ? all.Where(one => one.TradeId == id) : all)
            .OrderByDescending(one => one.DeliveredAt).ThenBy(one => one.Id).Skip(skip).Take(size)
            .ToListAsync(context.CancellationToken);
        var shown = page.Select(one => one.TradeId).Distinct().ToArray();
        var releases = (await session.LoadManyAsync<Release>(
                context.CancellationToken, [.. shown.Select(StreamNames.Release)]))
            .ToDictionary(release => release.TradeId);
        var trades = (await session.LoadManyAsync<Trade>(
                context.CancellationToken, [.. shown.Select(StreamNames.Trade)]))
            .ToDictionary(one => one.TradeId);
        return new()
        {
            Disclosures =
            {
                page.Select(one => new Wire.Disclosure
                {
                    ReleaseEnded = HasEnded(
                        releases.GetValueOrDefault(one.TradeId), trades.GetValueOrDefault(one.TradeId)),
                    TradeId = one.TradeId.ToString(),
                    TraceId = $"{one.TraceId}",
                    BuyerOperatorId = $"{one.BuyerId}",
                    Version = one.FootprintVersion,
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
        var id = input.Id<TradeId>("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        var trade = await op.TradeAsync(id, context.CancellationToken);
        trade.MustBeSupplier(op.OperatorId);
        await using var session = op.Query();
        var release = await session.LoadAsync<Release>(StreamNames.Release(id), context.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Release", "trade_id", id);
        return new() { Release = ToWire(release, trade) };
    }

    /// <summary>A revocation counts when the broker knows it: then nothing is delivered under it any more.</summary>
    private async Task ConfirmAsync(HostedOperator op, TradeId tradeId, CancellationToken cancellationToken)
    {
        var deadline = clock.GetUtcNow() + ConfirmDeadline;
        while (true)
        {
            var sent = op.Sent.Next;
            if (!await Outbox.IsOpenAsync<ReleaseRevokeNotice>(op.Database.Source, tradeId, cancellationToken))
            {
                return;
            }

            if (clock.GetUtcNow() >= deadline)
            {
                throw new RefusedException(
                    RefusalReason.PeerUnavailable,
                    "The release has ended in this node, but the broker has not confirmed it yet; it will be told. "
                        + "Repeat the call to be sure.",
                    ("peer", "broker"));
            }

            await Task.WhenAny(sent, Task.Delay(LookInterval, clock, cancellationToken));
        }
    }

    /// <summary>Nothing is shown under it any more: it was revoked, its end has come, or its trade has ended.</summary>
    private bool HasEnded(Release? release, Trade? trade) =>
        release?.InForce(clock.GetUtcNow()) != true || trade is { Status: not TradeStatus.Accepted };

    private Wire.Release ToWire(Release release, Trade? trade = null) => new()
    {
        Ended = HasEnded(release, trade),
        TradeId = release.TradeId.ToString(),
        Fields = { release.Fields.Select(field => (Contracts.Common.V1.FootprintField)field) },
        Purpose = release.Purpose,
        ValidUntilTime = release.ValidUntil?.ToTimestamp(),
        Revoked = release.Revoked,
        ChangeTime = release.ChangedAt.ToTimestamp(),
    };
}
