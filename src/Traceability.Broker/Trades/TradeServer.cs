using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Trades;

/// <summary>Who asks whom, and where it stands. What it is about is sealed.</summary>
[AllowRoles(Roles.Node)]
internal sealed class TradeServer(BrokerDatabase broker) : Wire.TradeService.TradeServiceBase
{
    private const int MaxLetter = 16 * 1024;
    private const int MaxPartRef = 64;

    public override async Task<Wire.RequestTradeResponse> RequestTrade(
        Wire.RequestTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new RequestTrade(
            input.Id<TradeId>("trade_id", request.TradeId),
            input.Id<OperatorId>("supplier_operator_id", request.SupplierOperatorId),
            input.Text("sealed_letter", request.SealedLetter, 1, MaxLetter),
            input.SignedAct(request.SignedAct));
        return new() { Trade = await DoAsync(input, act, context) };
    }

    public override async Task<Wire.AcceptTradeResponse> AcceptTrade(
        Wire.AcceptTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new AcceptTrade(
            input.Id<TradeId>("trade_id", request.TradeId),
            input.Text("part_ref", request.PartRef, 1, MaxPartRef),
            input.SignedAct(request.SignedAct));
        return new() { Trade = await DoAsync(input, act, context) };
    }

    public override async Task<Wire.RejectTradeResponse> RejectTrade(
        Wire.RejectTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new RejectTrade(
            input.Id<TradeId>("trade_id", request.TradeId),
            input.Text("sealed_letter", request.SealedLetter, 0, MaxLetter),
            input.SignedAct(request.SignedAct));
        return new() { Trade = await DoAsync(input, act, context) };
    }

    public override async Task<Wire.CancelTradeResponse> CancelTrade(
        Wire.CancelTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new CancelTrade(
            input.Id<TradeId>("trade_id", request.TradeId), input.SignedAct(request.SignedAct));
        return new() { Trade = await DoAsync(input, act, context) };
    }

    public override async Task<Wire.EndTradeResponse> EndTrade(Wire.EndTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new EndTrade(
            input.Id<TradeId>("trade_id", request.TradeId), input.SignedAct(request.SignedAct));
        return new() { Trade = await DoAsync(input, act, context) };
    }

    public override async Task<Wire.GetTradeResponse> GetTrade(Wire.GetTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id<TradeId>("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        var caller = await broker.CallerAsync(context);
        await using var session = broker.Query();
        var trade = await session.LoadAsync<Trade>(StreamNames.Trade(id), context.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Trade", "trade_id", id);
        trade.MustConcern(caller.OperatorId);
        return new() { Trade = ToWire(trade) };
    }

    private async Task<Wire.Trade> DoAsync(Input input, IAct<Decided<Trade>> act, ServerCallContext context)
    {
        input.ThrowIfInvalid();
        return ToWire((await broker.DoAsync(act, context)).State);
    }

    private static Wire.Trade ToWire(Trade trade) => new()
    {
        TradeId = trade.TradeId.ToString(),
        BuyerOperatorId = trade.BuyerId.ToString(),
        SupplierOperatorId = trade.SupplierId.ToString(),
        Status = (Wire.TradeStatus)trade.Status,
        RequestTime = trade.RequestedAt.ToTimestamp(),
    };
}
