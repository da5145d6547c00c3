using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Domain.Parts;
using Traceability.Domain.Releases;
using Traceability.Domain.Trades;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Trades;

/// <summary>Requests to suppliers and from customers, and their answers.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class TradeServer(HostedOperators operators, TimeProvider clock) : Wire.TradeService.TradeServiceBase
{
    private const int MaxMessage = 1000;
    private const int DefaultDaysBefore = 7;
    private const int MaxDaysBefore = 365;

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RequestTradeResponse> RequestTrade(
        Wire.RequestTradeRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var supplier = input.Id("supplier_operator_id", request.SupplierOperatorId);
        var downstream = input.Id("downstream_trace_id", request.DownstreamTraceId);
        var message = input.Text("message", request.Message, 0, MaxMessage);
        var due = input.OptionalTime("due_time", request.DueTime);
        input.ThrowIfInvalid();

        var part = await op.PartAsync(downstream, context.CancellationToken);
        part.MustBe(PartKind.Bought);
        await op.MustBeMemberAsync("supplier_operator_id", supplier, context.CancellationToken);
        var requested = new TradeRequested(
            id, op.OperatorId, supplier, downstream, message, due, clock.GetUtcNow(), part.DeclaredUnit);
        var toSend = new TradeRequestToSend(supplier, message, due, part.DeclaredUnit);
        return new()
        {
            Trade = await DecideAsync(
                context, op, id, "", trade => Trade.Request(trade, requested), Outbox.TradeRequest, _ => toSend,
                downstream),
        };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.AcceptTradeResponse> AcceptTrade(
        Wire.AcceptTradeRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var upstream = input.Id("upstream_trace_id", request.UpstreamTraceId);
        input.ThrowIfInvalid();

        await FindAsync(op, id, context.CancellationToken);
        var part = await op.PartAsync(upstream, context.CancellationToken);
        part.MustBe(PartKind.Made);
        var partRef = op.Keys.PartRef(upstream);
        return new()
        {
            Trade = await DecideAsync(
                context,
                op,
                id,
                request.Etag,
                trade => Known(trade, id).Accept(
                    upstream, part.Unit, partRef, op.OperatorId, clock.GetUtcNow()),
                Outbox.TradeAccept,
                _ => new TradeAcceptToSend(partRef),
                upstream),
        };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RejectTradeResponse> RejectTrade(
        Wire.RejectTradeRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        var message = input.Text("message", request.Message, 0, MaxMessage);
        input.ThrowIfInvalid();

        return new()
        {
            Trade = await DecideAsync(
                context,
                op,
                id,
                request.Etag,
                trade => Known(trade, id).Reject(message, op.OperatorId, clock.GetUtcNow()),
                Outbox.TradeReject,
                trade => new TradeRejectToSend(trade.BuyerId, message)),
        };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.CancelTradeResponse> CancelTrade(
        Wire.CancelTradeRequest request, ServerCallContext context)
    {
        var trade = await ActAsync(
            request.TradeId, context, (trade, op) => trade.Cancel(op, clock.GetUtcNow()), Outbox.TradeCancel);
        return new() { Trade = trade };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.EndTradeResponse> EndTrade(Wire.EndTradeRequest request, ServerCallContext context)
    {
        var trade = await ActAsync(
            request.TradeId, context, (trade, op) => trade.End(op, clock.GetUtcNow()), Outbox.TradeEnd);
        return new() { Trade = trade };
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
        var trades = await op.QueryAsync<Trade>(
            "where d.data ->> 'status' = 'Requested' and (d.data ->> 'dueAt')::timestamptz < ? "
                + "order by (d.data ->> 'dueAt')::timestamptz, d.id offset ? limit ?",
            context.CancellationToken,
            soon,
            skip,
            size);
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
        var trades = await op.QueryAsync<Trade>("order by d.id", context.CancellationToken);
        var told = (await op.QueryAsync<UpstreamTotal>("order by d.id", context.CancellationToken))
            .Where(upstream => upstream.State == LineState.Answered).Select(upstream => upstream.TradeId);
        var released = (await op.QueryAsync<Release>("order by d.id", context.CancellationToken))
            .Where(release => !release.Revoked).Select(release => release.TradeId);
        return new()
        {
            AsBuyer = Count(trades.Where(trade => trade.BuyerId == op.OperatorId), told.ToHashSet()),
            AsSupplier = Count(trades.Where(trade => trade.SupplierId == op.OperatorId), released.ToHashSet()),
        };
    }

    public override async Task<Wire.GetTradeResponse> GetTrade(Wire.GetTradeRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", request.TradeId);
        input.ThrowIfInvalid();
        var trade = await FindAsync(op, id, context.CancellationToken);
        return new() { Trade = ToWire(trade, await op.VersionAsync(Keys.Trade(id), context.CancellationToken)) };
    }

    public override async Task<Wire.ListTradesResponse> ListTrades(
        Wire.ListTradesRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        var page = await op.QueryAsync<Trade>(
            "where d.id > ? order by d.id limit ?", context.CancellationToken, token, size);
        var response = new Wire.ListTradesResponse { NextPageToken = page.Count < size ? "" : page[^1].Id };
        foreach (var trade in page)
        {
            response.Trades.Add(ToWire(trade, await op.VersionAsync(trade.Id, context.CancellationToken)));
        }

        return response;
    }

    private Wire.TradeCounts Count(IEnumerable<Trade> side, HashSet<Guid> withFigures)
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

    /// <summary>An act that says nothing but which trade it is about.</summary>
    private async Task<Wire.Trade> ActAsync(
        string tradeId, ServerCallContext context, Func<Trade, Guid, object[]> act, string kind)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trade_id", tradeId);
        input.ThrowIfInvalid();
        return await DecideAsync(
            context, op, id, "", trade => act(Known(trade, id), op.OperatorId), kind, _ => null);
    }

    /// <summary>Decides, and queues the telling of it if it was news, in one transaction.</summary>
    private static async Task<Wire.Trade> DecideAsync(
        ServerCallContext context, HostedOperator op, Guid id, string etag, Func<Trade?, object[]> decide, string kind,
        Func<Trade, object?> toSend, Guid? part = null)
    {
        var decided = await op.WorkAsync(context, async work =>
        {
            var trade = await work.DecideAsync(Keys.Trade(id), decide, etag, context.CancellationToken);
            if (trade.Events.Count > 0)
            {
                work.Send(kind, id, toSend(trade.State));
                if (part is { } about)
                {
                    work.Trade(about, id);
                }
            }

            return trade;
        });
        op.WakeSender();
        return ToWire(decided.State, decided.Version);
    }

    private static async Task<Trade> FindAsync(HostedOperator op, Guid id, CancellationToken cancellationToken) =>
        Known(await op.ReadAsync<Trade>(Keys.Trade(id), cancellationToken), id);

    private static Trade Known(Trade? trade, Guid id) =>
        trade ?? throw RefusedException.NotDisclosed("Trade", "trade_id", id);

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
