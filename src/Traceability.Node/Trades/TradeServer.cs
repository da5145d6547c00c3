using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Marten;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Trades;

/// <summary>Requests to suppliers and from customers, and their answers.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class TradeServer(HostedOperators operators, TimeProvider clock) : Wire.TradeService.TradeServiceBase
{
    private const int DefaultDaysBefore = 7;
    private const int MaxDaysBefore = 365;

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RequestTradeResponse> RequestTrade(
        Wire.RequestTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = Trades.RequestTrade.Read(
            input,
            input.Id<TradeId>("trade_id", request.TradeId),
            input.Id<TraceId>("downstream_trace_id", request.DownstreamTraceId),
            request.SupplierOperatorId,
            request.Message,
            input.OptionalTime("due_time", request.DueTime));
        input.ThrowIfInvalid();
        return new() { Trade = await DoAsync(act, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.AcceptTradeResponse> AcceptTrade(
        Wire.AcceptTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new AcceptTrade(
            input.Id<TradeId>("trade_id", request.TradeId),
            input.Id<TraceId>("upstream_trace_id", request.UpstreamTraceId),
            input.Etag("etag", request.Etag));
        input.ThrowIfInvalid();
        return new() { Trade = await DoAsync(act, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RejectTradeResponse> RejectTrade(
        Wire.RejectTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = Trades.RejectTrade.Read(input, request.TradeId, request.Message, request.Etag);
        input.ThrowIfInvalid();
        return new() { Trade = await DoAsync(act, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.CancelTradeResponse> CancelTrade(
        Wire.CancelTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new CancelTrade(input.Id<TradeId>("trade_id", request.TradeId));
        input.ThrowIfInvalid();
        return new() { Trade = await DoAsync(act, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.EndTradeResponse> EndTrade(Wire.EndTradeRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new EndTrade(input.Id<TradeId>("trade_id", request.TradeId));
        input.ThrowIfInvalid();
        return new() { Trade = await DoAsync(act, context) };
    }

    public override async Task<Wire.GetTradeResponse> GetTrade(Wire.GetTradeRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id<TradeId>("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        var trade = await op.TradeAsync(id, context.CancellationToken);
        return new() { Trade = ToWire(trade, trade.StreamVersion) };
    }

    public override async Task<Wire.ListTradesResponse> ListTrades(
        Wire.ListTradesRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, after) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        await using var session = op.Query();
        var page = await session.Query<Trade>().Where(trade => trade.Id.CompareTo(after) > 0)
            .OrderBy(trade => trade.Id).Take(size).ToListAsync(context.CancellationToken);
        var shown = page.Select(trade => ToWire(trade, trade.StreamVersion)).ThatFit();
        return new()
        {
            Trades = { shown },
            NextPageToken = MessagePages.Next(shown.Count, page, size, trade => trade.Id),
        };
    }

    public override async Task<Wire.ListRemindersResponse> ListReminders(
        Wire.ListRemindersRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        if (request.DaysBefore is < 0 or > MaxDaysBefore)
        {
            input.Violate("days_before", request.DaysBefore, $"must be 0 for the default, or up to {MaxDaysBefore}.");
        }

        input.ThrowIfInvalid();
        var now = clock.GetUtcNow();
        var soon = now.AddDays(request.DaysBefore == 0 ? DefaultDaysBefore : request.DaysBefore);
        await using var session = op.Query();
        var trades = await session.Query<Trade>()
            .Where(trade => trade.Status == TradeStatus.Requested && trade.DueAt < soon)
            .OrderBy(trade => trade.DueAt).ThenBy(trade => trade.Id).Skip(skip).Take(size)
            .ToListAsync(context.CancellationToken);
        return new()
        {
            Reminders =
            {
                trades.Select(trade => new Wire.Reminder
                {
                    TradeId = trade.TradeId.ToString(),
                    DueTime = trade.DueAt!.Value.ToTimestamp(),
                    Overdue = trade.DueAt <= now,
                    ToAnswer = trade.SupplierId == op.OperatorId,
                }),
            },
            NextPageToken = trades.Count < size ? "" : $"{skip + size}",
        };
    }

    public override async Task<Wire.GetTradeProgressResponse> GetTradeProgress(
        Wire.GetTradeProgressRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        await using var session = op.Query();
        var batch = session.CreateBatchQuery();
        var reading = batch.Query<Trade>().ToList();
        var answered = batch.Query<UpstreamTotal>().Where(upstream => upstream.State == LineState.Answered)
            .Select(upstream => upstream.TradeId).ToList();
        var released = batch.Query<Release>().Where(release => !release.Revoked)
            .Select(release => release.TradeId).ToList();
        await batch.Execute(context.CancellationToken);
        var trades = await reading;
        return new()
        {
            AsBuyer = Count(trades.Where(trade => trade.BuyerId == op.OperatorId), [.. await answered]),
            AsSupplier = Count(trades.Where(trade => trade.SupplierId == op.OperatorId), [.. await released]),
        };
    }

    private async Task<Wire.Trade> DoAsync(IAct<Decided<Trade>> act, ServerCallContext context)
    {
        var trade = await operators.Of(context).DoAsync(act, context);
        return ToWire(trade.State, trade.Version);
    }

    private Wire.TradeCounts Count(IEnumerable<Trade> side, HashSet<TradeId> withFigures)
    {
        Trade[] trades = [.. side];
        return new()
        {
            Requested = Of(TradeStatus.Requested),
            Overdue = trades.Count(trade => trade.Status == TradeStatus.Requested && trade.DueAt <= clock.GetUtcNow()),
            Accepted = Of(TradeStatus.Accepted),
            WithFigures = trades.Count(trade =>
                trade.Status == TradeStatus.Accepted && withFigures.Contains(trade.TradeId)),
            Rejected = Of(TradeStatus.Rejected),
            Cancelled = Of(TradeStatus.Cancelled),
            Ended = Of(TradeStatus.Ended),
        };

        int Of(TradeStatus status) => trades.Count(trade => trade.Status == status);
    }

    private static Wire.Trade ToWire(Trade trade, long version)
    {
        var wire = new Wire.Trade
        {
            TradeId = trade.TradeId.ToString(),
            BuyerOperatorId = trade.BuyerId.ToString(),
            SupplierOperatorId = trade.SupplierId.ToString(),
            Message = trade.Message,
            DueTime = trade.DueAt?.ToTimestamp(),
            Status = (Wire.TradeStatus)trade.Status,
            RejectMessage = trade.RejectMessage,
            RequestTime = trade.RequestedAt.ToTimestamp(),
            Etag = $"{version}",
        };
        if (trade.DownstreamTraceId is { } downstream)
        {
            wire.DownstreamTraceId = downstream.ToString();
        }

        if (trade.UpstreamTraceId is { } upstream)
        {
            wire.UpstreamTraceId = upstream.ToString();
        }

        return wire;
    }
}
