using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Releases;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Releases;

/// <summary>What suppliers allow the broker to deliver.</summary>
[AllowRoles(Roles.Node)]
internal sealed class ReleaseServer(BrokerDatabase broker) : Wire.ReleaseService.ReleaseServiceBase
{
    public override async Task<Wire.GrantReleaseResponse> GrantRelease(
        Wire.GrantReleaseRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new GrantRelease(
            input.Id<TradeId>("trade_id", request.TradeId),
            input.Fields("fields", request.Fields),
            input.OneOf("purpose", request.Purpose, Purposes.All),
            input.OptionalTime("valid_until_time", request.ValidUntilTime),
            request.Revision);
        input.ThrowIfInvalid();
        return new() { Release = ToWire((await broker.DoAsync(act, context)).State) };
    }

    public override async Task<Wire.RevokeReleaseResponse> RevokeRelease(
        Wire.RevokeReleaseRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new RevokeRelease(
            input.Id<TradeId>("trade_id", request.TradeId), request.Revision,
            input.SignedAct(request.SignedAct));
        input.ThrowIfInvalid();
        return new()
        {
            Release = await broker.DoAsync(act, context) is { } release
                ? ToWire(release)
                : new() { TradeId = request.TradeId },
        };
    }

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
