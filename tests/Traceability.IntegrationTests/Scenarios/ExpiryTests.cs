using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Cli;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Scenarios;

/// <summary>
/// What runs out is missing from that moment and not before, in three companies that rest on it, with nobody pressing
/// anything; what is retired stays so. The clock of all servers is moved: A's material (3) goes into B's cell (5), and that
/// into C's pack (10).
/// </summary>
public sealed class ExpiryTests(FederationInTime federation) : IClassFixture<FederationInTime>
{
    /// <summary>Longer than all that happens before, and shorter than a token lives.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    /// <summary>Shorter than it takes to look at everything once more.</summary>
    private static readonly TimeSpan JustBefore = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task An_own_figure_that_runs_out_is_missing_at_that_moment_over_all_companies()
    {
        using var chain = await ChainAsync();
        await DeclareUntilAsync(chain.A, chain.Material, "3", chain.End);
        await AnsweredUntilEndAsync(chain);

        await MissesAtTheEndAsync(chain, "15", chain.Everywhere);

        var own = await chain.A.FootprintAsync(chain.Material);
        Assert.Equal("own contribution expired", Assert.Single(own.Coverage.Missing).Reason);
        var pack = await chain.C.FootprintAsync(chain.Pack);
        Assert.Equal("incomplete", Assert.Single(pack.Coverage.Missing).Reason);
        await DeclareUntilAsync(chain.A, chain.Material, "4", federation.Clock.GetUtcNow().AddDays(1));
        await chain.C.WaitForTotalAsync(chain.Pack, "19", federation.Deadline);
    }

    [Fact]
    public async Task A_typed_figure_that_runs_out_is_missing_at_that_moment_over_all_companies()
    {
        using var chain = await ChainAsync();
        var ore = await chain.A.RegisterAsync("ore", PartKind.Bought);
        await chain.A.ContainsAsync(chain.Material, ore, "1");
        await DeclareUntilAsync(chain.A, ore, "2", chain.End, "data set 1");
        await chain.C.WaitForTotalAsync(chain.Pack, "20", federation.Deadline);

        await MissesAtTheEndAsync(chain, "18", chain.Everywhere);

        var material = await chain.A.FootprintAsync(chain.Material);
        Assert.Equal(LineState.Expired, Assert.Single(material.Lines).State);
        Assert.Equal("expired", Assert.Single(material.Coverage.Missing).Reason);
        var replay = await new AuditService.AuditServiceClient(chain.A.Channel).CheckReadModelsAsync(new(), chain.A.Call);
        Assert.Empty(replay.Differences);
    }

    /// <summary>The customer looks by itself: its supplier's node is away when the time comes.</summary>
    [Fact]
    public async Task A_suppliers_statement_that_runs_out_is_missing_at_that_moment_though_the_supplier_is_away()
    {
        using var chain = await ChainAsync();
        await DeclareUntilAsync(chain.A, chain.Material, "3", chain.End);
        await AnsweredUntilEndAsync(chain);
        await federation.Processes.StopAsync("node-A");
        try
        {
            await MissesAtTheEndAsync(chain, "15", chain.Everywhere[1..]);

            var cell = await chain.B.FootprintAsync(chain.Cell);
            Assert.Equal(LineState.Expired, Assert.Single(cell.Lines).State);
            Assert.Equal("expired", Assert.Single(cell.Coverage.Missing).Reason);
            var alternatives = await chain.B.Footprints.ListAlternativesAsync(
                new() { TraceId = chain.BoughtByB }, chain.B.Call);
            var alternative = Assert.Single(alternatives.Alternatives);
            Assert.Equal((false, false), (alternative.Figures is not null, alternative.HasCompleteTotal));
            Assert.Equal(TradeStatus.Accepted, alternative.TradeStatus);
        }
        finally
        {
            await federation.Processes.StartNodeAsync(Story.A, federation.Deadline);
        }
    }

    [Fact]
    public async Task What_a_release_showed_is_withheld_from_the_moment_of_its_end()
    {
        using var chain = await ChainAsync();
        await ReleaseAsync(chain, chain.End, FootprintField.Total);

        await MissesAtTheEndAsync(chain, "15", chain.Everywhere[1..]);

        var cell = await chain.B.FootprintAsync(chain.Cell);
        Assert.Equal(LineState.Withheld, Assert.Single(cell.Lines).State);
        Assert.True((await chain.A.FootprintAsync(chain.Material)).Complete);
        var release = await chain.A.Releases.GetReleaseAsync(new() { TradeId = chain.Trade }, chain.A.Call);
        Assert.True(release.Release.Revoked);
        Assert.True(release.Release.ChangeTime.ToDateTimeOffset() >= chain.End);
    }

    /// <summary>No total moves by it; who was shown it is told, and C, which never was, is not.</summary>
    [Fact]
    public async Task A_certificate_that_runs_out_is_shown_to_nobody_from_that_moment()
    {
        using var chain = await ChainAsync();
        await ReleaseAsync(chain, null, FootprintField.Total, FootprintField.Certificate);
        var certificate = await CertifyAsync(chain, federation.Clock.GetUtcNow().AddHours(-1), chain.End);
        await chain.B.WaitForAsync(chain.BoughtByB, Standing(CertificateStanding.InForce), federation.Deadline);
        var pack = await chain.C.FootprintAsync(chain.Pack);

        federation.Clock.MoveTo(chain.End - JustBefore);
        Assert.True(Standing(CertificateStanding.InForce)(await chain.A.FootprintAsync(chain.Material)));
        Assert.True(Standing(CertificateStanding.InForce)(await chain.B.FootprintAsync(chain.BoughtByB)));
        Assert.Equal("0", await ReceivedSinceAsync(chain, chain.End - JustBefore));
        federation.Clock.MoveTo(chain.End);

        await chain.A.WaitForAsync(chain.Material, Standing(CertificateStanding.Expired), federation.Deadline);
        await chain.B.WaitForAsync(chain.BoughtByB, Standing(CertificateStanding.Expired), federation.Deadline);
        await Wait.UntilAsync(async () => await ReceivedSinceAsync(chain, chain.End) == "1", federation.Deadline);
        Assert.Equal(
            [certificate],
            (await chain.B.FootprintAsync(chain.BoughtByB)).Certificates.Select(one => one.CertificateId));
        Assert.Equal(pack, await chain.C.FootprintAsync(chain.Pack));
        Assert.True((await chain.B.FootprintAsync(chain.Cell)).Complete);
    }

    [Fact]
    public async Task A_certificate_that_is_withdrawn_is_so_for_everybody_who_was_shown_it()
    {
        using var chain = await ChainAsync();
        await ReleaseAsync(chain, null, FootprintField.Total, FootprintField.Certificate);
        var id = await CertifyAsync(chain, chain.End.AddDays(-1), chain.End.AddDays(1));
        await chain.B.WaitForAsync(chain.BoughtByB, Standing(CertificateStanding.InForce), federation.Deadline);
        var stranger = await Assert.ThrowsAsync<RpcException>(async () =>
            await chain.B.Footprints.WithdrawCertificateAsync(new() { CertificateId = id }, chain.B.Call));
        Assert.Equal("NOT_DISCLOSED", Refusals.Reason(stranger));
        await chain.A.DeclareAsync(chain.Material, "4");

        var withdrawn = (await chain.A.Footprints.WithdrawCertificateAsync(
            new() { CertificateId = id }, chain.A.Call)).Certificate;

        Assert.Equal(
            [CertificateStanding.Withdrawn, CertificateStanding.NoLongerMatching], withdrawn.Standings);
        Assert.Equal(("3", "4"), (withdrawn.CertifiedFigures.Total, withdrawn.CurrentFigures.Total));
        Assert.NotNull(withdrawn.WithdrawTime);
        Assert.Equal(
            withdrawn,
            (await chain.A.Footprints.WithdrawCertificateAsync(new() { CertificateId = id }, chain.A.Call)).Certificate);
        await chain.B.WaitForAsync(chain.BoughtByB, Standing(CertificateStanding.NoLongerMatching), federation.Deadline);
        await chain.A.DeclareAsync(chain.Material, "3");
        await chain.B.WaitForAsync(
            chain.BoughtByB,
            footprint => footprint.Figures.Total == "3" && !Standing(CertificateStanding.InForce)(footprint),
            federation.Deadline);
        Assert.True(Standing(CertificateStanding.Withdrawn)(await chain.A.FootprintAsync(chain.Material)));

        // One that is withdrawn while it holds; nothing else has changed for the customer.
        var second = await CertifyAsync(chain, chain.End.AddDays(-1), chain.End.AddDays(1));
        await chain.B.WaitForAsync(chain.BoughtByB, Has(second, CertificateStanding.InForce), federation.Deadline);
        await chain.A.Footprints.WithdrawCertificateAsync(new() { CertificateId = second }, chain.A.Call);
        await chain.B.WaitForAsync(chain.BoughtByB, Has(second, CertificateStanding.Withdrawn), federation.Deadline);
    }

    /// <summary>Read as a person reads it, with `trace`.</summary>
    [Fact]
    public async Task What_is_over_is_called_so_in_every_list()
    {
        using var chain = await ChainAsync();
        await CertifyAsync(chain, chain.End.AddDays(-2), chain.End.AddDays(-1));
        var trace = new CommandLine(federation, Story.A);
        var release = new GetReleaseRequest { TradeId = chain.Trade };
        Assert.False((await chain.A.Releases.GetReleaseAsync(release, chain.A.Call)).Release.Ended);
        var grant = new AuditGrant
        {
            GrantId = $"{Guid.CreateVersion7()}",
            AuditorOperatorId = $"{chain.C.Company.OperatorId}",
            TraceId = chain.Material,
            ValidUntilTime = chain.End.ToTimestamp(),
        };
        await new AuditService.AuditServiceClient(chain.A.Channel).GrantAuditAsync(new() { Grant = grant }, chain.A.Call);
        var keys = new KeyService.KeyServiceClient(chain.A.Channel);
        var key = (await keys.ListKeysAsync(new(), chain.A.Call)).Keys.Single(one => one is { Use: "signing", Current: true });
        await chain.A.Trades.EndTradeAsync(new() { TradeId = chain.Trade }, chain.A.Call);
        await chain.A.Parts.RetirePartAsync(new() { TraceId = chain.Material }, chain.A.Call);
        await keys.RevokeKeyAsync(new() { KeyId = key.KeyId }, chain.A.Call);
        federation.Clock.MoveTo(chain.End);

        Assert.True((await chain.A.Releases.GetReleaseAsync(release, chain.A.Call)).Release.Ended);
        await Task.WhenAll(
            SaysAsync("material [retired]", "ended", "release", "shown"),
            SaysAsync(chain.Material, "retired", "part", "list"),
            // Its table is wider than a page, so the id is in pieces.
            SaysAsync("", "ended", "audit", "grants"),
            SaysAsync(key.KeyId, "revoked", "keys", "list"),
            SaysAsync("certificate", "expired", "footprint", "show", chain.Material));

        async Task SaysAsync(string what, string word, params string[] arguments)
        {
            var (code, output, errors) = await trace.RunAsync(arguments);
            Assert.True(code == 0, errors);
            Assert.True(
                output.Split('\n').Any(line => line.Contains(what, StringComparison.Ordinal)
                    && line.Contains(word, StringComparison.Ordinal)),
                $"trace {string.Join(' ', arguments)} does not say {word}:\n{output}");
        }
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

    private async Task<Chain> ChainAsync()
    {
        var (a, b, c) = (
            await federation.AtWorkAsync(Story.A), await federation.AtWorkAsync(Story.B),
            await federation.AtWorkAsync(Story.C));
        var (material, _) = await MadeAsync(a, null, "material");
        var (cell, boughtByB) = await MadeAsync(b, a, "cell");
        var (pack, boughtByC) = await MadeAsync(c, b, "pack");
        await a.DeclareAsync(material, "3");
        await b.DeclareAsync(cell, "5");
        await c.DeclareAsync(pack, "10");
        await new ExportService.ExportServiceClient(c.Channel).DeclareProductFactsAsync(
            new() { TraceId = pack, Facts = { ["product.model"] = "pack" } }, c.Call);
        var trade = await AnsweredAsync(b, boughtByB, a, material);
        await AnsweredAsync(c, boughtByC, b, cell);
        await c.WaitForTotalAsync(pack, "18", federation.Deadline);
        return new(a, b, c, material, boughtByB, cell, pack, trade, federation.Clock.GetUtcNow() + Soon);
    }

    /// <summary>
    /// Nothing of it is missing just before the end. From the end on it is, in all these totals, which then are new
    /// versions; and the last of them is not exported any more.
    /// </summary>
    private async Task MissesAtTheEndAsync(Chain chain, string known, (CompanyAtWork Company, string Part)[] totals)
    {
        var before = await ReadAsync(totals);
        Assert.All(before, footprint => Assert.True(footprint.Complete));
        federation.Clock.MoveTo(chain.End - JustBefore);
        Assert.Equal(before, await ReadAsync(totals));
        Assert.True(await IsFinalAsync(chain, null));
        federation.Clock.MoveTo(chain.End);

        foreach (var ((company, part), earlier) in totals.Zip(before))
        {
            var after = await company.WaitForAsync(part, footprint => !footprint.Complete, federation.Deadline);
            Assert.Equal(earlier.Version + 1, after.Version);
            Assert.True(after.RollUpTime.ToDateTimeOffset() >= chain.End, "A total has changed before the end.");
        }

        var pack = await chain.C.FootprintAsync(chain.Pack);
        Assert.Equal(known, pack.Figures.Total);
        Assert.False(await IsFinalAsync(chain, null));
        Assert.True(await IsFinalAsync(chain, chain.End - TimeSpan.FromMilliseconds(1)));
    }

    private static async Task<Footprint[]> ReadAsync((CompanyAtWork Company, string Part)[] totals)
    {
        var read = new List<Footprint>();
        foreach (var (company, part) in totals)
        {
            read.Add(await company.FootprintAsync(part));
        }

        return [.. read];
    }

    private async Task<bool> IsFinalAsync(Chain chain, DateTimeOffset? asOf) =>
        (await new ExportService.ExportServiceClient(chain.C.Channel).ReviewExportAsync(
            new() { TraceId = chain.Pack, Export = "csv", AsOfTime = asOf?.ToTimestamp() }, chain.C.Call)).Final;

    /// <summary>The end of what A declared has come to B: it is part of a version of its own.</summary>
    private Task<Footprint> AnsweredUntilEndAsync(Chain chain) => chain.B.WaitForAsync(
        chain.BoughtByB, footprint => footprint.ValidUntilTime == chain.End.ToTimestamp(), federation.Deadline);

    /// <summary>How often B was told of A's part from a moment on.</summary>
    private async Task<string> ReceivedSinceAsync(Chain chain, DateTimeOffset moment) => Assert.Single(
        await federation.RowsAsync(
            Databases.Of(chain.B),
            "select count(*)::text from traceability.mt_events where type = 'upstream_total_received' "
            + $"and data ->> 'tradeId' = '{chain.Trade}' and (data ->> 'receivedAt')::timestamptz >= '{moment:O}'"));

    private static async Task ReleaseAsync(Chain chain, DateTimeOffset? until, params FootprintField[] fields) =>
        await chain.A.Releases.GrantReleaseAsync(
            new()
            {
                TradeId = chain.Trade,
                Fields = { fields },
                Purpose = "product_footprint",
                ValidUntilTime = until?.ToTimestamp(),
            },
            chain.A.Call);

    private static async Task<string> CertifyAsync(Chain chain, DateTimeOffset from, DateTimeOffset until)
    {
        var answer = await chain.A.Footprints.RecordCertificateAsync(
            new()
            {
                Certificate = new()
                {
                    CertificateId = $"{Guid.CreateVersion7()}",
                    TraceId = chain.Material,
                    Verifier = "Verifier",
                    Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "3" } },
                    Validity = new() { StartTime = from.ToTimestamp(), EndTime = until.ToTimestamp() },
                },
            },
            chain.A.Call);
        return answer.Certificate.CertificateId;
    }

    private static Func<Footprint, bool> Standing(CertificateStanding standing) => footprint =>
        footprint.Certificates is [var only] && only.Standing == standing && only.Standings.SequenceEqual([standing]);

    private static Func<Footprint, bool> Has(string certificate, CertificateStanding standing) => footprint =>
        footprint.Certificates.Any(one => one.CertificateId == certificate && one.Standing == standing);

    /// <summary>A, B and C with a total over all three.</summary>
    private sealed record Chain(
        CompanyAtWork A, CompanyAtWork B, CompanyAtWork C, string Material, string BoughtByB, string Cell, string Pack,
        string Trade, DateTimeOffset End) : IDisposable
    {
        public (CompanyAtWork Company, string Part)[] Everywhere => [(A, Material), (B, Cell), (C, Pack)];

        public void Dispose()
        {
            A.Dispose();
            B.Dispose();
            C.Dispose();
        }
    }
}
