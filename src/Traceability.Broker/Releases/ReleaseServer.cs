using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Broker.Exchange;
using Traceability.Domain;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Storage;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Releases;

/// <summary>What suppliers allow the broker to deliver.</summary>
[AllowRoles(Roles.Node)]
internal sealed class ReleaseServer(BrokerStore store, MailSignals signals) : Wire.ReleaseService.ReleaseServiceBase
{
    public override async Task<Wire.GrantReleaseResponse> GrantRelease(
        Wire.GrantReleaseRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var fields = input.Fields("fields", request.Fields);
        var purpose = input.OneOf("purpose", request.Purpose, Purposes.All);
        var until = input.OptionalTime("valid_until_time", request.ValidUntilTime);
        input.ThrowIfInvalid();

        var caller = await store.CallerAsync(context);
        var trade = await FindAsync(id, context);
        trade.MustBeSupplier(caller.OperatorId);
        var release = await store.WorkAsync(context, work => work.DecideAsync<Release>(
            Keys.Release(id),
            existing => existing?.Revision >= request.Revision
                ? []
                : Release.Grant(existing, trade, caller.OperatorId, fields, purpose, until, store.Now),
            context.CancellationToken));
        return new() { Release = ToWire(release.State) };
    }

    public override async Task<Wire.RevokeReleaseResponse> RevokeRelease(
        Wire.RevokeReleaseRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.ThrowIfInvalid();

        var caller = await store.CallerAsync(context);
        var trade = await FindAsync(id, context);
        trade.MustBeSupplier(caller.OperatorId);
        var release = await store.WorkAsync(context, async work =>
        {
            var decided = await work.DecideAsync<Release>(
                Keys.Release(id),
                existing => existing?.Revision >= request.Revision
                    ? []
                    : Release.Revoke(existing, trade, caller.OperatorId, store.Now),
                context.CancellationToken);
            if (decided.Events.Count > 0)
            {
                store.Post(work, trade.BuyerId, new Wire.MailboxMessage
                {
                    MessageId = Guid.CreateVersion7(store.Now).ToString(),
                    TradeId = id.ToString(),
                    SenderOperatorId = caller.OperatorId.ToString(),
                    ReleaseRevoked = new(),
                });
            }

            return decided.State;
        });
        signals.Signal(trade.BuyerId);
        return new() { Release = release is null ? new() { TradeId = id.ToString() } : ToWire(release) };
    }

    private async Task<Trade> FindAsync(Guid id, ServerCallContext context) =>
        await store.ReadAsync<Trade>(Keys.Trade(id), context.CancellationToken)
        ?? throw RefusedException.NotDisclosed("Trade", "trade_id", id);

    private static Wire.Release ToWire(Release release) => new()
    {
        TradeId = release.TradeId.ToString(),
        Fields = { release.Fields.Select(field => (Contracts.Common.V1.FootprintField)field) },
        Purpose = release.Purpose,
        ValidUntilTime = release.ValidUntil?.ToTimestamp(),
        Revoked = release.Revoked,
        Revision = release.Revision,
    };
}
