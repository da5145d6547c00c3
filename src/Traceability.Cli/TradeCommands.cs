using System.CommandLine;
using Spectre.Console;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace trade ...`.</summary>
internal static class TradeCommands
{
    public static Command Trade => new("trade", "Questions to suppliers, and their answers.")
    {
        Request(),
        List(),
        Show(),
        Accept(),
        Reject(),
        Cancel(),
        End(),
        Reminders(),
        Progress(),
    };

    private static Verb Request()
    {
        var part = Common.Part;
        var supplier = new Option<string>("--supplier")
        {
            Description = "Who is asked: an operator id, or the name of a profile.",
            Required = true,
        };
        var message = new Option<string>("--message")
        {
            Description = "What the supplier needs to find its part, such as an order number.",
            DefaultValueFactory = _ => "",
        };
        var due = TypedTime.Option("--due", "The day, or the time, by which an answer is wanted.");
        var id = Common.Id;
        return new(
            "request",
            "Asks a supplier for the footprint of a part the company buys.",
            "trade request \"cathode from A\" --supplier A --message \"our order 4711\"",
            async (parsed, session, output) =>
            {
                var request = new RequestTradeRequest
                {
                    TradeId = Common.IdOrNew(parsed.GetValue(id)),
                    SupplierOperatorId = session.OperatorId(parsed.GetValue(supplier)!),
                    DownstreamTraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Message = parsed.GetValue(message),
                    DueTime = await session.StartAsync(parsed.GetValue(due)),
                };
                var answer = await session.Trades.RequestTradeAsync(request, session.Call);
                output.Show(
                    answer, await ViewAsync(session, answer.Trade),
                    $"the supplier answers: trace trade accept {request.TradeId} PART");
            },
            part, supplier, message, due, id);
    }

    private static Verb List() => new(
        "list",
        "Lists the company's trades, as buyer and as supplier.",
        "trade list",
        async (_, session, output) =>
        {
            var answer = await AllAsync(session);
            var names = await session.NamesAsync(answer.Trades.Select(OurPart));
            var table = Output.Rows(
                ["trade id", "status", "our part", "buyer", "supplier", "message"],
                answer.Trades.Select(trade => new[]
                {
                    trade.TradeId,
                    Output.Word(trade.Status),
                    names(OurPart(trade)),
                    trade.BuyerOperatorId,
                    trade.SupplierOperatorId,
                    trade.Message,
                }));
            output.Show(answer, table, "trace trade show TRADE");
        });

    private static Verb Show() => Common.OnTrade(
        "trade",
        "show",
        "Shows a trade.",
        async (trade, session, output) =>
        {
            var answer = await session.Trades.GetTradeAsync(new() { TradeId = trade }, session.Call);
            output.Show(answer, await ViewAsync(session, answer.Trade));
        });

    private static Verb Accept()
    {
        var (trade, part) = (Common.Trade, Common.Part);
        return new(
            "accept",
            "Answers a request with the company's own part. By itself this discloses nothing.",
            $"trade accept {Common.ExampleTrade} cathode",
            async (parsed, session, output) =>
            {
                var request = new AcceptTradeRequest
                {
                    TradeId = parsed.GetValue(trade),
                    UpstreamTraceId = await session.PartAsync(parsed.GetValue(part)!),
                };
                var answer = await session.Trades.AcceptTradeAsync(request, session.Call);
                output.Show(
                    answer, await ViewAsync(session, answer.Trade),
                    $"trace release grant {request.TradeId} --field total");
            },
            trade, part);
    }

    private static Verb Reject()
    {
        var trade = Common.Trade;
        var message = new Option<string>("--message")
        {
            Description = "Why, for the buyer.",
            DefaultValueFactory = _ => "",
        };
        return new(
            "reject",
            "Answers a request with a refusal.",
            $"trade reject {Common.ExampleTrade} --message \"not our part\"",
            async (parsed, session, output) =>
            {
                var request = new RejectTradeRequest
                {
                    TradeId = parsed.GetValue(trade),
                    Message = parsed.GetValue(message),
                };
                var answer = await session.Trades.RejectTradeAsync(request, session.Call);
                output.Show(answer, await ViewAsync(session, answer.Trade));
            },
            trade, message);
    }

    private static Verb Cancel() => Common.OnTrade(
        "trade",
        "cancel",
        "Withdraws a request that was not answered yet.",
        async (trade, session, output) =>
        {
            var answer = await session.Trades.CancelTradeAsync(new() { TradeId = trade }, session.Call);
            output.Show(answer, await ViewAsync(session, answer.Trade));
        });

    private static Verb End() => Common.OnTrade(
        "trade",
        "end",
        "Ends an accepted trade, from either side. What was told stays told, nothing new is.",
        async (trade, session, output) =>
        {
            var answer = await session.Trades.EndTradeAsync(new() { TradeId = trade }, session.Call);
            output.Show(answer, await ViewAsync(session, answer.Trade), "trace trade list");
        });

    private static Verb Reminders()
    {
        var days = new Option<int>("--days") { Description = "How many days before the due date; 7 unless given." };
        return new(
            "reminders",
            "Lists requests that are due soon or overdue: those to answer, and those that are waited for.",
            "trade reminders --days 14",
            async (parsed, session, output) =>
            {
                var request = new ListRemindersRequest { DaysBefore = parsed.GetValue(days), PageSize = 1000 };
                var answer = await Session.AllAsync(async token =>
                {
                    request.PageToken = token;
                    return await session.Trades.ListRemindersAsync(request, session.Call);
                });
                var table = Output.Rows(
                    ["due", "", "who answers", "trade"],
                    answer.Reminders.Select(one => new[]
                    {
                        Output.Time(one.DueTime),
                        one.Overdue ? "OVERDUE" : "soon",
                        one.ToAnswer ? "we" : "the supplier",
                        one.TradeId,
                    }));
                output.Show(answer, table, "trace trade accept TRADE PART");
            },
            days);
    }

    private static Verb Progress() => new(
        "progress",
        "Counts the company's trades by where they stand.",
        "trade progress",
        async (_, session, output) =>
        {
            var answer = await session.Trades.GetTradeProgressAsync(new(), session.Call);
            var table = Output.Rows(
                ["", "requested", "overdue", "accepted", "with figures", "rejected", "cancelled", "ended"],
                [Row("to suppliers", answer.AsBuyer), Row("of customers", answer.AsSupplier)]);
            output.Show(answer, table, "trace trade reminders");

            static string[] Row(string side, TradeCounts counts) =>
            [
                side, $"{counts.Requested}", $"{counts.Overdue}", $"{counts.Accepted}", $"{counts.WithFigures}",
                $"{counts.Rejected}", $"{counts.Cancelled}", $"{counts.Ended}",
            ];
        });

    private static Task<ListTradesResponse> AllAsync(Session session) =>
        Session.AllAsync(async token => await session.Trades.ListTradesAsync(
            new() { PageSize = 1000, PageToken = token }, session.Call));

    /// <summary>The caller's own side of a trade; empty while it has not named its part.</summary>
    private static string OurPart(Trade trade) =>
        trade.HasDownstreamTraceId ? trade.DownstreamTraceId : trade.UpstreamTraceId;

    private static async Task<Table> ViewAsync(Session session, Trade trade)
    {
        var names = await session.NamesAsync([OurPart(trade)]);
        List<(string, string)> facts =
        [
            ("trade", trade.TradeId),
            ("status", Output.Word(trade.Status)),
            ("buyer", trade.BuyerOperatorId),
            ("supplier", trade.SupplierOperatorId),
            ("message", trade.Message),
            ("due", await session.LocalAsync(trade.DueTime)),
        ];
        if (trade.HasDownstreamTraceId)
        {
            facts.Add(("our bought part", names(trade.DownstreamTraceId)));
        }

        if (trade.HasUpstreamTraceId)
        {
            facts.Add(("our made part", names(trade.UpstreamTraceId)));
        }

        if (trade.RejectMessage.Length > 0)
        {
            facts.Add(("refusal", trade.RejectMessage));
        }

        return Output.Facts([.. facts]);
    }
}
