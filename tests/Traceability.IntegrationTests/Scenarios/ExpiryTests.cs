using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Scenarios;

/// <summary>
/// What runs out is missing from that moment, in the company and in those that rest on it, with nobody pressing
/// anything; what is retired stays so.
/// </summary>
public sealed class ExpiryTests(Federation federation) : IClassFixture<Federation>
{
    /// <summary>Long enough for a total to arrive two companies away before.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task A_figure_that_runs_out_is_missing_two_companies_away()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        using var c = await federation.AtWorkAsync(Story.C);
        var (material, _) = await MadeAsync(a, null, "material");
        var until = TimeProvider.System.GetUtcNow() + Soon;
        await DeclareUntilAsync(a, material, "3", until);
        var (cell, boughtByB) = await MadeAsync(b, a, "cell");
        await b.DeclareAsync(cell, "5");
        await AnsweredAsync(b, boughtByB, a, material);
        var (pack, boughtByC) = await MadeAsync(c, b, "pack");
        await c.DeclareAsync(pack, "10");
        await AnsweredAsync(c, boughtByC, b, cell);
        var before = await c.WaitForTotalAsync(pack, "18", federation.Deadline);

        var after = await c.WaitForAsync(
            pack, footprint => footprint is { Complete: false, Figures.Total: "15" }, federation.Deadline);

        Assert.True(TimeProvider.System.GetUtcNow() >= until);
        Assert.True(after.Version > before.Version);
        var own = await a.FootprintAsync(material);
        Assert.False(own.Complete);
        Assert.Equal("own contribution expired", Assert.Single(own.Coverage.Missing).Reason);
        Assert.Equal("incomplete", Assert.Single(after.Coverage.Missing).Reason);
        await DeclareUntilAsync(a, material, "4", TimeProvider.System.GetUtcNow().AddDays(1));
        await c.WaitForTotalAsync(pack, "19", federation.Deadline);
    }

    [Fact]
    public async Task A_typed_figure_that_runs_out_is_missing_and_says_so()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (pack, cell) = await MadeAsync(c, c, "typed");
        await c.DeclareAsync(pack, "1");
        await DeclareUntilAsync(c, cell, "2", TimeProvider.System.GetUtcNow() + Soon, "data set 1");
        await c.WaitForTotalAsync(pack, "3", federation.Deadline);
        var after = await c.WaitForAsync(pack, footprint => !footprint.Complete, federation.Deadline);
        Assert.Equal(("1", LineState.Expired), (after.Figures.Total, Assert.Single(after.Lines).State));
        Assert.Equal("expired", Assert.Single(after.Coverage.Missing).Reason);
        var replay = await new AuditService.AuditServiceClient(c.Channel).CheckReadModelsAsync(new(), c.Call);
        Assert.Empty(replay.Differences);
    }

    [Fact]
    public async Task When_a_release_ends_the_customer_sees_the_line_as_withheld()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var (material, _) = await MadeAsync(a, null, "material");
        await a.DeclareAsync(material, "3");
        var (cell, bought) = await MadeAsync(b, a, "cell");
        await b.DeclareAsync(cell, "5");
        var trade = await AnsweredAsync(b, bought, a, material);
        await b.WaitForTotalAsync(cell, "8", federation.Deadline);
        await a.Releases.GrantReleaseAsync(
            new()
            {
                TradeId = trade,
                Fields = { FootprintField.Total },
                Purpose = "product_footprint",
                ValidUntilTime = (TimeProvider.System.GetUtcNow() + Soon).ToTimestamp(),
            },
            a.Call);
        Assert.True((await b.FootprintAsync(cell)).Complete);
        var after = await b.WaitForAsync(cell, footprint => !footprint.Complete, federation.Deadline);
        Assert.Equal(LineState.Withheld, Assert.Single(after.Lines).State);
    }

    [Fact]
    public async Task A_new_period_with_the_same_number_reaches_the_customer_as_a_new_version()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var (material, _) = await MadeAsync(a, null, "material");
        await a.DeclareAsync(material, "3");
        var (cell, bought) = await MadeAsync(b, a, "cell");
        await b.DeclareAsync(cell, "5");
        await AnsweredAsync(b, bought, a, material);
        await b.WaitForTotalAsync(cell, "8", federation.Deadline);
        var next = new Period
        {
            StartTime = CompanyAtWork.Year.EndTime,
            EndTime = CompanyAtWork.Year.EndTime.ToDateTimeOffset().AddYears(1).ToTimestamp(),
        };
        var request = Contribution(material, "3");
        request.Contribution.ReferencePeriod = next;
        await a.Footprints.DeclareContributionAsync(request, a.Call);
        var seen = await b.WaitForAsync(
            bought, footprint => Equals(footprint.ReferencePeriod, next), federation.Deadline);
        Assert.Equal(("3", 2L), (seen.Figures.Total, seen.Version));
    }

    [Fact]
    public async Task A_missing_figure_names_the_request_that_is_open()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var (cell, bought) = await MadeAsync(b, a, "cell");
        await b.DeclareAsync(cell, "5");
        Assert.Equal("", Assert.Single((await b.FootprintAsync(cell)).Coverage.Missing).TradeId);
        var trade = await b.RequestAsync(a.Company, bought, "");
        var missing = Assert.Single((await b.FootprintAsync(cell)).Coverage.Missing);
        Assert.Equal((bought, trade, "unanswered"), (missing.TraceId, missing.TradeId, missing.Reason));
        await b.Trades.CancelTradeAsync(new() { TradeId = trade }, b.Call);
        Assert.Equal("", Assert.Single((await b.FootprintAsync(cell)).Coverage.Missing).TradeId);
    }

    [Fact]
    public async Task Nothing_new_rests_on_a_retired_part_whatever_the_door()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        var made = await b.RegisterAsync("retired", PartKind.Made);
        var bought = await b.RegisterAsync("retired", PartKind.Bought);
        var other = await b.RegisterAsync("in use", PartKind.Made);
        var asked = await a.RequestAsync(b.Company, await a.RegisterAsync("asked for", PartKind.Bought), "");
        await b.WaitForTradeAsync(asked, federation.Deadline);
        foreach (var part in new[] { made, bought })
        {
            await b.Parts.RetirePartAsync(new() { TraceId = part }, b.Call);
        }

        Func<Task>[] acts =
        [
            () => b.ContainsAsync(other, bought, "1"),
            () => b.ContainsAsync(made, other, "1"),
            () => b.RequestAsync(a.Company, bought, ""),
            async () => await b.Trades.AcceptTradeAsync(new() { TradeId = asked, UpstreamTraceId = made }, b.Call),
            () => b.DeclareAsync(made, "1"),
        ];
        foreach (var act in acts)
        {
            Assert.Equal("PART_RETIRED", Refusals.Reason(await Assert.ThrowsAsync<RpcException>(act)));
        }

        var result = await b.ImportAsync(
            [
                new() { Sheet = "lines", Row = 2, Line = new() { Parent = other, Child = bought, Amount = "1", Unit = "piece" } },
            ],
            federation.Deadline,
            dryRun: true);
        Assert.Contains("is retired", Assert.Single(result.Errors).Description, StringComparison.Ordinal);
    }

    private static DeclareContributionRequest Contribution(string part, string kilograms) => new()
    {
        Contribution = new()
        {
            TraceId = part,
            ReferencePeriod = CompanyAtWork.Year,
            Figures = new()
            {
                Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = kilograms } },
            },
        },
    };

    private static async Task DeclareUntilAsync(
        CompanyAtWork company, string part, string kilograms, DateTimeOffset until, string source = "")
    {
        var request = Contribution(part, kilograms);
        (request.Contribution.ValidUntilTime, request.Contribution.Source) = (until.ToTimestamp(), source);
        await company.Footprints.DeclareContributionAsync(request, company.Call);
    }

    /// <summary>A part, and what goes into one piece of it, where there is a supplier.</summary>
    private static async Task<(string Made, string Bought)> MadeAsync(
        CompanyAtWork company, CompanyAtWork? supplier, string name)
    {
        var made = await company.RegisterAsync(name, PartKind.Made);
        if (supplier is null)
        {
            return (made, "");
        }

        var bought = await company.RegisterAsync($"for {name}", PartKind.Bought);
        await company.ContainsAsync(made, bought, "1");
        return (made, bought);
    }

    private async Task<string> AnsweredAsync(
        CompanyAtWork buyer, string bought, CompanyAtWork supplier, string made)
    {
        var trade = await buyer.RequestAsync(supplier.Company, bought, "");
        await supplier.AnswerAsync(trade, made, federation.Deadline);
        return trade;
    }
}
