using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Tests;
using Xunit;

namespace Traceability.IntegrationTests.Disclosure;

/// <summary>
/// The cases of tests/cases/disclosure that a clerk can bring about, against live nodes: what arrives at the customer, field
/// by field, or that nothing does.
/// </summary>
public sealed class NodeMatrixTests(NodeMatrix federation) : IClassFixture<NodeMatrix>, IAsyncLifetime
{
    private const string Verifier = "Example Verifier";

    private readonly LiveFederation _live = federation.Live;
    private CompanyAtWork _supplier = null!;
    private CompanyAtWork _buyer = null!;
    private CompanyAtWork _other = null!;

    public async Task InitializeAsync()
    {
        _supplier = await _live.AtWorkAsync("supplier");
        _buyer = await _live.AtWorkAsync("buyer");
        _other = await _live.AtWorkAsync("other_customer");
    }

    [Fact]
    public async Task What_arrives_is_what_the_case_says()
    {
        List<string> wrong = [];
        var cases = DisclosureCaseFile.All.Where(IsReachable).ToArray();
        var reached = new List<(DisclosureCaseFile Case, string Bought)>();
        foreach (var one in cases)
        {
            reached.Add((one, await ReachAsync(one)));
        }

        // A node sends in order: when this one has arrived, nothing of the others is still under way.
        await MarkAsync();
        foreach (var (one, bought) in reached)
        {
            var shown = string.Join(",", Shown(await _buyer.FootprintAsync(bought)));
            var right = string.Join(",", Known(one.Expect.Fields ?? []).Order(StringComparer.Ordinal));
            if (shown != right)
            {
                wrong.Add($"{one.Name}: {shown} instead of {right}");
            }
        }

        Assert.Empty(wrong);
        Assert.True(cases.Length >= 30, $"{cases.Length} cases");
    }

    [Fact]
    public async Task Everybody_but_the_supplier_gets_the_answer_to_what_is_not_there()
    {
        var (trade, _) = await TradeAsync();
        foreach (var name in new[] { "neighbour", "stranger", "other_customer", "buyer" })
        {
            using var caller = await _live.AtWorkAsync(name);
            foreach (var ask in Questions(caller))
            {
                var (hidden, nothing) = (await Refusals.AnswerAsync(ask, trade), await Refusals.AnswerAsync(ask, $"{Guid.CreateVersion7()}"));
                Assert.Equal(nothing, hidden);
                Assert.StartsWith("PermissionDenied", hidden, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Two_customers_of_one_part_hold_the_same_figures_and_learn_nothing_of_each_other()
    {
        var other = _other;
        var part = await MadeAsync();
        var atBuyer = await _buyer.RegisterAsync("bought", PartKind.Bought);
        var atOther = await other.RegisterAsync("bought", PartKind.Bought);
        await _supplier.AnswerAsync(await _buyer.RequestAsync(_supplier.Company, atBuyer, ""), part, _live.Deadline);
        await _supplier.AnswerAsync(await other.RequestAsync(_supplier.Company, atOther, ""), part, _live.Deadline);
        await _buyer.WaitForTotalAsync(atBuyer, "6", _live.Deadline);
        await other.WaitForTotalAsync(atOther, "6", _live.Deadline);

        // The signed part of what each holds is the same to the last byte; it names no customer.
        var (one, two) = (await PresentationAsync(_buyer, atBuyer), await PresentationAsync(other, atOther));
        Assert.Equal(one.Split('~')[0], two.Split('~')[0]);
        foreach (var (holder, stranger) in new[] { (one, other.Company), (two, _buyer.Company) })
        {
            var text = Encoded.Decoded(holder);
            Assert.Contains("\"alg\":\"ES256\"", text, StringComparison.Ordinal);
            Assert.DoesNotContain($"{stranger.OperatorId}", text, StringComparison.Ordinal);
        }

        var trades = await other.Trades.ListTradesAsync(new(), other.Call);
        Assert.DoesNotContain(trades.Trades, trade => trade.BuyerOperatorId == $"{_buyer.Company.OperatorId}");
    }

    public Task DisposeAsync()
    {
        _supplier.Dispose();
        _buyer.Dispose();
        _other.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>
    /// The supplier's own acts. A node never names another purpose than its release's, takes no end in the past, and what it
    /// revokes or ends it has shown before: those cases are for the pure function and the broker.
    /// </summary>
    private static bool IsReachable(DisclosureCaseFile one) =>
        one.Caller == "supplier" && one.Trade is "requested" or "accepted" or "rejected"
        && !(one.Release?.Revoked ?? false)
        && (one.Release is null || one.Trade == "accepted")
        && (one.Release is null || one.Release.Purpose == one.Purpose)
        && (one.Release?.UntilSeconds ?? 1) > 0
        && one.Suspended is null or [];

    private async Task<string> ReachAsync(DisclosureCaseFile one)
    {
        await RotateAsync(one);
        var part = await MadeAsync();
        if (one.OtherCustomer is { } theirs)
        {
            var elsewhere = await _other.RequestAsync(
                _supplier.Company, await _other.RegisterAsync("bought", PartKind.Bought), "");
            await _supplier.WaitForTradeAsync(elsewhere, _live.Deadline);
            await AcceptAsync(elsewhere, part);
            await ReleaseAsync(elsewhere, theirs);
        }

        var bought = await _buyer.RegisterAsync("bought", PartKind.Bought);
        var trade = await _buyer.RequestAsync(_supplier.Company, bought, "");
        await _supplier.WaitForTradeAsync(trade, _live.Deadline);
        if (one.Trade == "rejected")
        {
            await _supplier.Trades.RejectTradeAsync(new() { TradeId = trade }, _supplier.Call);
        }
        else if (one.Trade == "accepted")
        {
            await AcceptAsync(trade, part);
        }

        if (one.Release is { } release)
        {
            await ReleaseAsync(trade, release);
        }

        return bought;
    }

    private async Task RotateAsync(DisclosureCaseFile one)
    {
        foreach (var who in one.Rotated ?? [])
        {
            var (company, use) = who == "supplier" ? (_supplier, "signing") : (_buyer, "sealing");
            await new KeyService.KeyServiceClient(company.Channel).RotateKeyAsync(new() { Use = use }, company.Call);
        }
    }

    private async Task AcceptAsync(string trade, string part) => await _supplier.Trades.AcceptTradeAsync(
        new() { TradeId = trade, UpstreamTraceId = part }, _supplier.Call);

    private async Task ReleaseAsync(string trade, ReleaseInCase release) =>
        await _supplier.Releases.GrantReleaseAsync(
            new()
            {
                TradeId = trade,
                Fields =
                {
                    release.Fields.Select(field => System.Enum.Parse<FootprintField>(field, ignoreCase: true)),
                },
                Purpose = release.Purpose,
                ValidUntilTime = release.UntilSeconds is null
                    ? null
                    : TimeProvider.System.GetUtcNow().AddHours(1).ToTimestamp(),
            },
            _supplier.Call);

    private async Task MarkAsync()
    {
        var bought = await _buyer.RegisterAsync("marker", PartKind.Bought);
        var trade = await _buyer.RequestAsync(_supplier.Company, bought, "");
        await _supplier.AnswerAsync(trade, await MadeAsync(), _live.Deadline);
        await _buyer.WaitForTotalAsync(bought, "6", _live.Deadline);
    }

    private async Task<(string Trade, string Part)> TradeAsync()
    {
        var part = await MadeAsync();
        var trade = await _buyer.RequestAsync(
            _supplier.Company, await _buyer.RegisterAsync("bought", PartKind.Bought), "");
        await _supplier.WaitForTradeAsync(trade, _live.Deadline);
        await AcceptAsync(trade, part);
        return (trade, part);
    }

    /// <summary>Everything that can be shown is there: two stages with scores, components, and a certificate.</summary>
    private async Task<string> MadeAsync()
    {
        var part = await _supplier.RegisterAsync("made", PartKind.Made);
        var rating = new Rating { Technology = "1", Geography = "2", Time = "3" };
        await _supplier.Footprints.DeclareContributionAsync(
            new()
            {
                Contribution = new()
                {
                    TraceId = part,
                    ReferencePeriod = new()
                    {
                        StartTime = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToTimestamp(),
                        EndTime = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero).ToTimestamp(),
                    },
                    Figures = new()
                    {
                        PrimaryShare = "0.5",
                        Stages =
                        {
                            new StageFigure { Stage = LifeCycleStage.RawMaterial, Amount = "2", Rating = rating },
                            new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "4", Rating = rating },
                        },
                        Components = { new ComponentFigure { Component = "fossil", Amount = "5" } },
                    },
                },
            },
            _supplier.Call);
        var now = TimeProvider.System.GetUtcNow();
        await _supplier.Footprints.RecordCertificateAsync(
            new()
            {
                Certificate = new()
                {
                    CertificateId = $"{Guid.CreateVersion7()}",
                    TraceId = part,
                    Verifier = Verifier,
                    Stages =
                    {
                        new StageFigure { Stage = LifeCycleStage.RawMaterial, Amount = "2" },
                        new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "4" },
                    },
                    Validity = new()
                    {
                        StartTime = now.AddDays(-1).ToTimestamp(),
                        EndTime = now.AddDays(1).ToTimestamp(),
                    },
                },
            },
            _supplier.Call);
        return part;
    }

    /// <summary>A total that was not released follows from released stages.</summary>
    private static IEnumerable<string> Known(string[] fields) =>
        fields.Contains("stages") ? fields.Append("total").Distinct() : fields;

    /// <summary>What a customer has in hand.</summary>
    private static IEnumerable<string> Shown(Footprint footprint)
    {
        if (footprint.Figures is not { } figures)
        {
            return [];
        }

        List<string> shown = [];
        if (footprint.Certificates is [{ Verifier: Verifier, Standing: CertificateStanding.InForce }])
        {
            shown.Add("certificate");
        }

        if (figures.Components.Count > 0)
        {
            shown.Add("components");
        }

        if (figures.Rating is not null)
        {
            // Scores of stages come with the stages only.
            shown.Add(figures.Stages.All(stage => stage.Rating is not null) ? "rating" : "rating without its stages");
        }

        if (figures.Stages.Count > 0)
        {
            shown.Add("stages");
        }

        if (figures.HasTotal)
        {
            shown.Add("total");
        }

        return shown.Order(StringComparer.Ordinal);
    }

    private static IEnumerable<Func<string, Task>> Questions(CompanyAtWork who) =>
    [
        async id => await who.Releases.GetReleaseAsync(new() { TradeId = id }, who.Call),
        async id => await who.Releases.RevokeReleaseAsync(new() { TradeId = id }, who.Call),
        async id => await who.Releases.ReviewReleaseAsync(
            new() { TradeId = id, Fields = { FootprintField.Total } }, who.Call),
        async id => await who.Releases.GrantReleaseAsync(
            new() { TradeId = id, Fields = { FootprintField.Total }, Purpose = "audit" }, who.Call),
    ];

    private async Task<string> PresentationAsync(CompanyAtWork holder, string bought) => (await _live.RowsAsync(
        holder,
        "select data ->> 'presentation' from traceability.mt_events "
        + $"where type = 'upstream_total_received' and data ->> 'traceId' = '{bought}'"))[0];
}

/// <summary>Everybody who asks in the cases; each test has parts and trades of its own.</summary>
public sealed class NodeMatrix() : ClassFederation(
    [
        new("supplier", "one"), new("neighbour", "one"), new("buyer", "two"), new("other_customer", "two"),
        new("stranger", "two"),
    ]);
