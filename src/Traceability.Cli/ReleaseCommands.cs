using System.CommandLine;
using Spectre.Console;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace release ...`.</summary>
internal static class ReleaseCommands
{
    public static Command Release => new("release", "What one customer may see. Nothing is shown without a release.")
    {
        Grant(),
        Revoke(),
        Show(),
        Review(),
        Shown(),
    };

    private static Verb Grant()
    {
        var trade = Common.Trade;
        var fields = Fields();
        var purpose = new Option<string>("--purpose")
        {
            Description = "What for: product_footprint, battery_passport, cbam or audit.",
            DefaultValueFactory = _ => "product_footprint",
        };
        var until = TypedTime.Option(
            "--until", "Its last day, or when it ends; otherwise when revoked.");
        var accept = new Option<string[]>("--accept")
        {
            Description = "A finding of `release review` that is accepted; may be repeated.",
            DefaultValueFactory = _ => [],
        };
        return new(
            "grant",
            "Shows fields of the footprint of an accepted trade's part to its buyer, from now on.",
            $"release grant {Common.ExampleTrade} --field total",
            async (parsed, session, output) =>
            {
                var request = new GrantReleaseRequest
                {
                    TradeId = parsed.GetValue(trade),
                    Fields = { parsed.GetValue(fields) },
                    Purpose = parsed.GetValue(purpose),
                    ValidUntilTime = await session.EndAsync(parsed.GetValue(until)),
                    AcceptedFindings = { parsed.GetValue(accept) },
                };
                var answer = await session.Releases.GrantReleaseAsync(request, session.Call);
                output.Show(
                    answer, await ViewAsync(session, answer.Release), $"to end it: trace release revoke "
                        + $"{request.TradeId}");
            },
            trade, fields, purpose, until, accept);
    }

    private static Verb Revoke() => Common.OnTrade(
        "release",
        "revoke",
        "Ends a release. What was told before stays told; nothing new is.",
        async (trade, session, output) =>
        {
            var answer = await session.Releases.RevokeReleaseAsync(new() { TradeId = trade }, session.Call);
            output.Show(answer, await ViewAsync(session, answer.Release), $"trace trade show {trade}");
        });

    private static Verb Show() => Common.OnTrade(
        "release",
        "show",
        "Shows what the buyer of a trade may see.",
        async (trade, session, output) =>
        {
            var answer = await session.Releases.GetReleaseAsync(new() { TradeId = trade }, session.Call);
            output.Show(answer, await ViewAsync(session, answer.Release), $"to end it: trace release revoke {trade}");
        });

    private static Verb Review()
    {
        var (trade, fields) = (Common.Trade, Fields());
        return new(
            "review",
            "Tells what the buyer of a trade could work out beyond the figure itself. Changes nothing.",
            $"release review {Common.ExampleTrade} --field total --field stages",
            async (parsed, session, output) =>
            {
                var request = new ReviewReleaseRequest
                {
                    TradeId = parsed.GetValue(trade),
                    Fields = { parsed.GetValue(fields) },
                };
                var answer = await session.Releases.ReviewReleaseAsync(request, session.Call);
                var names = await session.NamesAsync(answer.Findings.Select(one => one.ChildTraceId));
                var table = Output.Rows(
                    ["finding", "input", "what it means"],
                    answer.Findings.Select(one => new[] { one.Code, names(one.ChildTraceId), one.Explanation }));
                output.Show(answer, table, answer.Mode switch
                {
                    "consent" => $"trace release grant {request.TradeId} --accept FINDING",
                    "block" => "this node refuses a release with findings",
                    _ => $"trace release grant {request.TradeId}",
                });
            },
            trade, fields);
    }

    private static Verb Shown() => new(
        "shown",
        "Lists what was shown to customers, newest first: which version, which fields, when. Never figures.",
        "release shown",
        async (_, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Releases.ListDisclosuresAsync(
                new() { PageSize = 1000, PageToken = token }, session.Call));
            var names = await session.NamesAsync(answer.Disclosures.Select(one => one.TraceId));
            var table = Output.Rows(
                ["when", "part", "version", "fields", "to", "release"],
                answer.Disclosures.Select(one => new[]
                {
                    Output.Time(one.DeliverTime), names(one.TraceId), $"{one.Version}",
                    string.Join(", ", one.Fields.Select(Output.Word)), one.BuyerOperatorId,
                    one.ReleaseEnded ? "ended" : "in force",
                }));
            output.Show(answer, table, "trace release revoke TRADE");
        });

    private static Option<FootprintField[]> Fields() => Common.OneOf(
        new Option<FootprintField[]>("--field")
        {
            Description = "What is shown; may be repeated.",
            DefaultValueFactory = _ => [FootprintField.Total],
        },
        "total",
        "stages",
        "rating",
        "components",
        "certificate");

    private static async Task<Table> ViewAsync(Session session, Release release)
    {
        var trade = (await session.Trades.GetTradeAsync(new() { TradeId = release.TradeId }, session.Call)).Trade;
        var names = await session.NamesAsync([trade.UpstreamTraceId]);
        return Output.Facts(
            ("trade", release.TradeId),
            ("part", names(trade.UpstreamTraceId)),
            ("shows", Shows(release)),
            ("purpose", release.Purpose),
            ("until", release switch
            {
                { ValidUntilTime: { } end } => await session.LocalAsync(end),
                { Revoked: true } => "it was revoked",
                { Ended: true } => "the trade ended",
                _ => "it is revoked",
            }),
            ("changed", Output.Time(release.ChangeTime)));
    }

    /// <summary>A release that has ended is not said to show anything: at its end, or when it was revoked.</summary>
    internal static string Shows(Release release)
    {
        if (!release.Ended && !release.Revoked)
        {
            return string.Join(", ", release.Fields.Select(Output.Word));
        }

        var byItself = !release.Revoked
            || release.ValidUntilTime is { } end && release.ChangeTime.ToDateTimeOffset() >= end.ToDateTimeOffset();
        return byItself ? "nothing: ended" : "nothing: revoked";
    }
}
