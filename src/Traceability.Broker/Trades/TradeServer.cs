using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Broker.Exchange;
using Traceability.Domain;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Storage;
using Operator = Traceability.Domain.Operators.Operator;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Trades;

/// <summary>Who asks whom, and where it stands. What it is about is sealed.</summary>
[AllowRoles(Roles.Node)]
internal sealed class TradeServer(BrokerStore store, MailSignals signals) : Wire.TradeService.TradeServiceBase
{
    private const int MaxLetter = 16 * 1024;
    private const int MaxPartRef = 64;

    public override async Task<Wire.RequestTradeResponse> RequestTrade(
        Wire.RequestTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var supplier = input.Id("supplier_operator_id", request.SupplierOperatorId);
        input.Text("sealed_letter", request.SealedLetter, 1, MaxLetter);
        input.ThrowIfInvalid();

        var buyer = await store.CallerAsync(context);
        if (await store.ReadAsync<Operator>(Keys.Operator(supplier), context.CancellationToken) is not { Active: true })
        {
            throw RefusedException.NotDisclosed("Operator", "operator_id", supplier);
        }

        var requested = new TradeRequested(id, buyer.OperatorId, supplier, null, "", null, store.Now);
        var notice = new Wire.MailboxMessage { TradeRequested = new() { SealedLetter = request.SealedLetter } };
        return new()
        {
            Trade = await DecideAsync(context, id, trade => Trade.Request(trade, requested), supplier, notice),
        };
    }

    public override async Task<Wire.AcceptTradeResponse> AcceptTrade(
        Wire.AcceptTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var partRef = input.Text("part_ref", request.PartRef, 1, MaxPartRef);
        input.ThrowIfInvalid();

        var caller = await store.CallerAsync(context);
        var trade = await FindAsync(id, caller.OperatorId, context);
        var notice = new Wire.MailboxMessage { TradeAccepted = new() { PartRef = partRef } };
        return new()
        {
            Trade = await DecideAsync(
                context, id, t => t!.Accept(null, null, partRef, caller.OperatorId, store.Now), trade.BuyerId, notice),
        };
    }

    public override async Task<Wire.RejectTradeResponse> RejectTrade(
        Wire.RejectTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.Text("sealed_letter", request.SealedLetter, 0, MaxLetter);
        input.ThrowIfInvalid();

        var caller = await store.CallerAsync(context);
        var trade = await FindAsync(id, caller.OperatorId, context);
        var notice = new Wire.MailboxMessage { TradeRejected = new() { SealedLetter = request.SealedLetter } };
        return new()
        {
            Trade = await DecideAsync(
                context, id, t => t!.Reject("", caller.OperatorId, store.Now), trade.BuyerId, notice),
        };
    }

    public override async Task<Wire.CancelTradeResponse> CancelTrade(
        Wire.CancelTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.ThrowIfInvalid();

        var caller = await store.CallerAsync(context);
        var trade = await FindAsync(id, caller.OperatorId, context);
        var notice = new Wire.MailboxMessage { TradeCancelled = new() };
        return new()
        {
            Trade = await DecideAsync(
                context, id, t => t!.Cancel(caller.OperatorId, store.Now), trade.SupplierId, notice),
        };
    }

    public override async Task<Wire.EndTradeResponse> EndTrade(Wire.EndTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.ThrowIfInvalid();

        var caller = await store.CallerAsync(context);
        var trade = await FindAsync(id, caller.OperatorId, context);
        var other = caller.OperatorId == trade.BuyerId ? trade.SupplierId : trade.BuyerId;
        var notice = new Wire.MailboxMessage { TradeEnded = new() };
        return new()
        {
            Trade = await DecideAsync(context, id, t => t!.End(caller.OperatorId, store.Now), other, notice),
        };
    }

    public override async Task<Wire.GetTradeResponse> GetTrade(Wire.GetTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        var caller = await store.CallerAsync(context);
        return new() { Trade = ToWire(await FindAsync(id, caller.OperatorId, context)) };
    }

    /// <summary>Decides, and tells the other side if that was news, in one transaction.</summary>
    private async Task<Wire.Trade> DecideAsync(
        ServerCallContext context, Guid id, Func<Trade?, object[]> decide, Guid recipient, Wire.MailboxMessage notice)
    {
        var state = await store.WorkAsync(context, async work =>
        {
            var decided = await work.DecideAsync(Keys.Trade(id), decide, context.CancellationToken);
            if (decided.Events.Count > 0)
            {
                notice.MessageId = Guid.CreateVersion7(store.Now).ToString();
                notice.TradeId = id.ToString();
                notice.SenderOperatorId = context.Caller().OperatorId.ToString();
                store.Post(work, recipient, notice);
            }

            return decided.State;
        });
        signals.Signal(recipient);
        return ToWire(state);
    }

    private async Task<Trade> FindAsync(Guid id, Guid caller, ServerCallContext context)
    {
        var trade = await store.ReadAsync<Trade>(Keys.Trade(id), context.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Trade", "trade_id", id);
        trade.MustConcern(caller);
        return trade;
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
