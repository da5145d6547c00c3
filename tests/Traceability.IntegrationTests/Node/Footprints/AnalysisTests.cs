using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Footprints;

/// <summary>Questions people ask, and what happens when a total changes.</summary>
public class AnalysisTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task Versions_are_kept_and_every_difference_has_its_causes()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (pack, cell, foil) = await PackAsync(c);

        await c.DeclareAsync(pack, "12");
        await c.Footprints.DeclareContributionAsync(new() { Contribution = Typed(cell, "3.2") }, c.Call);

        var versions = (await c.Footprints.ListFootprintVersionsAsync(new() { TraceId = pack }, c.Call)).Versions;
        var newest = versions[0];
        var change = Assert.Single(newest.Changes);
        Assert.Equal(
            (ChangeKind.ChildFigure, cell, "3.1", "3.2", "1.2"),
            (change.Kind, change.ChildTraceId, change.Before, change.After, change.Effect));
        var compared = await c.Footprints.CompareFootprintsAsync(
            new() { TraceId = pack, BeforeVersion = newest.Version - 2, AfterVersion = newest.Version }, c.Call);
        Assert.Equal("3.2", compared.Difference);
        Assert.Equal(
            [(ChangeKind.OwnContribution, "2"), (ChangeKind.ChildFigure, "1.2")],
            compared.Changes.Select(one => (one.Kind, one.Effect)));
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await c.Footprints.CompareFootprintsAsync(
            new() { TraceId = pack, BeforeVersion = 99 }, c.Call));
        Assert.Contains("must be a version from 0 to", refused.Status.Detail, StringComparison.Ordinal);
        Assert.NotEqual(cell, foil);
    }

    /// <summary>A program that reads only what is complete sees no reduction when an answer goes missing.</summary>
    [Fact]
    public async Task What_is_incomplete_has_no_complete_total_at_any_rpc()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (pack, _, _) = await PackAsync(c);
        var whole = await c.FootprintAsync(pack);
        Assert.Equal((true, "51.2"), (whole.Complete, whole.CompleteTotal));
        Assert.All(whole.Lines, line => Assert.Equal(line.Figures.Total, line.CompleteTotal));
        await c.DeclareAsync(pack, "9");
        var complete = await c.Footprints.CompareFootprintsAsync(
            new() { TraceId = pack, BeforeVersion = whole.Version }, c.Call);
        Assert.Equal("-1", complete.CompleteDifference);

        var unanswered = await c.RegisterAsync("nobody has answered", PartKind.Bought);
        await c.ContainsAsync(pack, unanswered, "1");

        var gap = await c.FootprintAsync(pack);
        Assert.Equal((false, "9", false), (gap.Complete, gap.Figures.Total, gap.HasCompleteTotal));
        Assert.False(Assert.Single(gap.Lines).HasCompleteTotal);
        Assert.False((await c.FootprintAsync(unanswered)).HasCompleteTotal);
        Assert.False((await c.Footprints.ListHotSpotsAsync(new() { TraceId = pack }, c.Call)).HasCompleteTotal);
        var versions = (await c.Footprints.ListFootprintVersionsAsync(new() { TraceId = pack }, c.Call)).Versions;
        Assert.Equal([false, true], versions.Take(2).Select(version => version.HasCompleteTotal));
        var simulated = await c.Footprints.SimulateFootprintAsync(new() { TraceId = pack }, c.Call);
        Assert.False(simulated.Before.HasCompleteTotal || simulated.After.HasCompleteTotal);
        var compared = await c.Footprints.CompareFootprintsAsync(
            new() { TraceId = pack, BeforeVersion = whole.Version }, c.Call);
        Assert.Equal(("-42.2", false), (compared.Difference, compared.HasCompleteDifference));
    }

    [Fact]
    public async Task Hot_spots_and_simulations_tell_what_counts_and_store_nothing()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (pack, cell, foil) = await PackAsync(c);
        var before = await c.FootprintAsync(pack);

        var spots = (await c.Footprints.ListHotSpotsAsync(new() { TraceId = pack }, c.Call)).HotSpots;
        Assert.Equal(
            [(cell, "37.2"), (pack, "10"), (foil, "4")], spots.Select(spot => (spot.TraceId, spot.Amount)));
        Assert.Equal("0.7265625", spots[0].Share);
        Assert.Equal("51.2", before.Figures.Total);

        var simulated = await c.Footprints.SimulateFootprintAsync(
            new()
            {
                TraceId = pack,
                Figures = { new SimulatedFigure { TraceId = cell, Figures = Figures("2.1") } },
                Bills =
                {
                    new SimulatedBill { ParentTraceId = pack, Lines = { Line(cell, "12"), Line(foil, "1") } },
                },
            },
            c.Call);

        Assert.Equal(("51.2", "37.2"), (simulated.Before.Figures.Total, simulated.After.Figures.Total));
        Assert.Equal(["-12", "-2"], simulated.Changes.Select(change => change.Effect));
        Assert.Equal(before, await c.FootprintAsync(pack));
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await c.Footprints.SimulateFootprintAsync(
            new() { TraceId = pack, Bills = { new SimulatedBill { ParentTraceId = pack, Lines = { Line(pack, "1") } } } },
            c.Call));
        Assert.Equal("CYCLE", Refusals.Reason(refused));
    }

    /// <summary>What was declared is kept as it was declared; a mean over no emissions is no figure of the total.</summary>
    [Fact]
    public async Task A_share_of_primary_data_is_kept_also_where_nothing_is_emitted()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        var made = await a.RegisterAsync("recycled water", PartKind.Made);
        var figures = Figures("0");
        figures.PrimaryShare = "0.75";

        await a.Footprints.DeclareContributionAsync(
            new() { Contribution = new() { TraceId = made, ReferencePeriod = CompanyAtWork.Year, Figures = figures } },
            a.Call);

        var read = await a.FootprintAsync(made);
        Assert.Equal("0.75", read.Contribution.Figures.PrimaryShare);
        Assert.Equal(("0", false), (read.Figures.Total, read.Figures.HasPrimaryShare));
    }

    [Fact]
    public async Task Suppliers_are_shown_side_by_side_and_share_a_line()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        using var c = await federation.AtWorkAsync(Story.C);
        var graphite = await c.RegisterAsync("graphite", PartKind.Bought);
        var anode = await c.RegisterAsync("anode", PartKind.Made);
        await c.DeclareAsync(anode, "1");
        var (fromA, fromB) = (await SupplyAsync(c, a, graphite, "10"), await SupplyAsync(c, b, graphite, "16.25"));
        await c.Parts.DeclareBillOfMaterialsAsync(
            new()
            {
                ParentTraceId = anode,
                Lines =
                {
                    new BillOfMaterialsLine
                    {
                        ChildTraceId = graphite,
                        Quantity = new() { Amount = "2", Unit = "piece" },
                        Suppliers =
                        {
                            new SupplierShare { TradeId = fromA, Share = "0.6" },
                            new SupplierShare { TradeId = fromB, Share = "0.4" },
                        },
                    },
                },
            },
            c.Call);

        await c.WaitForTotalAsync(anode, "26", federation.Deadline);

        var alternatives = (await c.Footprints.ListAlternativesAsync(new() { TraceId = graphite }, c.Call)).Alternatives;
        Assert.Equal(
            [(fromA, "10", "21"), (fromB, "16.25", "33.5")],
            alternatives.OrderBy(one => one.TradeId == fromB)
                .Select(one => (one.TradeId, one.Figures.Total, one.Totals.Single().Figures.Total)));
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await c.Parts.DeclareBillOfMaterialsAsync(
            new()
            {
                ParentTraceId = anode,
                Lines =
                {
                    new BillOfMaterialsLine
                    {
                        ChildTraceId = graphite,
                        Quantity = new() { Amount = "2", Unit = "piece" },
                        Suppliers = { new SupplierShare { TradeId = fromA, Share = "0.6" } },
                    },
                },
            },
            c.Call));
        Assert.Contains("must be shares greater than 0 that sum to 1 exactly", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_total_that_needs_approval_waits_with_everything_behind_it()
    {
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        using var c = await federation.AtWorkAsync(Story.C);
        var bought = await b.RegisterAsync("cathode", PartKind.Bought);
        var module = await b.RegisterAsync("module", PartKind.Made);
        await b.ContainsAsync(module, bought, "1");
        await b.DeclareAsync(module, "5");
        var trade = await SupplyAsync(b, a, bought, "3");
        var received = await c.RegisterAsync("module from B", PartKind.Bought);
        var toC = await c.RequestAsync(b.Company, received, "approval");
        await b.AnswerAsync(toC, module, federation.Deadline);
        await c.WaitForTotalAsync(received, "8", federation.Deadline);

        await b.Footprints.RequireApprovalAsync(new() { TraceId = module, Required = true }, b.Call);
        var before = await b.FootprintAsync(module);
        Assert.NotEmpty(before.Etag);
        var cathode = (await a.Trades.GetTradeAsync(new() { TradeId = trade }, a.Call)).Trade.UpstreamTraceId;
        await a.DeclareAsync(cathode, "4");

        var waiting = await b.WaitForAsync(module, footprint => footprint.Proposal is not null, federation.Deadline);
        Assert.Equal(("8", "9"), (waiting.Figures.Total, waiting.Proposal.Figures.Total));
        Assert.Equal("1", Assert.Single(waiting.Proposal.Changes).Effect);
        Assert.Equal("8", (await c.FootprintAsync(received)).Figures.Total);
        var stale = await Assert.ThrowsAsync<RpcException>(async () => await b.Footprints.ApproveFootprintAsync(
            new() { TraceId = module, Etag = before.Etag }, b.Call));
        Assert.Equal("STALE_VERSION", Refusals.Reason(stale));

        var approved = await b.Footprints.ApproveFootprintAsync(
            new() { TraceId = module, Etag = waiting.Etag }, b.Call);

        Assert.Equal("9", approved.Footprint.Figures.Total);
        Assert.Null(approved.Footprint.Proposal);
        await c.WaitForTotalAsync(received, "9", federation.Deadline);
    }

    [Fact]
    public async Task A_bill_of_materials_for_later_counts_when_its_time_has_come()
    {
        using var c = await federation.AtWorkAsync(Story.C);
        var (pack, cell, foil) = await PackAsync(c);
        var soon = TimeProvider.System.GetUtcNow().AddSeconds(2);
        await c.Parts.DeclareBillOfMaterialsAsync(
            new() { ParentTraceId = pack, Lines = { Line(foil, "1") }, ValidFromTime = soon.ToTimestamp() }, c.Call);

        Assert.Equal("51.2", (await c.FootprintAsync(pack)).Figures.Total);
        await c.WaitForTotalAsync(pack, "12", federation.Deadline);

        Assert.True(TimeProvider.System.GetUtcNow() >= soon);
        var then = await c.Parts.GetBillOfMaterialsAsync(
            new() { ParentTraceId = pack, AtTime = soon.AddMilliseconds(-1).ToTimestamp() }, c.Call);
        Assert.Equal([cell, foil], then.BillOfMaterials.Lines.Select(line => line.ChildTraceId));
        var now = await c.Parts.GetBillOfMaterialsAsync(new() { ParentTraceId = pack }, c.Call);
        Assert.Equal((2L, foil), (now.BillOfMaterials.Version, now.BillOfMaterials.Lines.Single().ChildTraceId));
    }

    /// <summary>10 of its own, 12 cells of 3.1 and 2 of foil at 2.</summary>
    private static async Task<(string Pack, string Cell, string Foil)> PackAsync(CompanyAtWork company)
    {
        var pack = await company.RegisterAsync("pack", PartKind.Made);
        var cell = await company.RegisterAsync("cell", PartKind.Bought);
        var foil = await company.RegisterAsync("foil", PartKind.Bought);
        await company.Parts.DeclareBillOfMaterialsAsync(
            new() { ParentTraceId = pack, Lines = { Line(cell, "12"), Line(foil, "2") } }, company.Call);
        await company.Footprints.DeclareContributionAsync(new() { Contribution = Typed(cell, "3.1") }, company.Call);
        await company.Footprints.DeclareContributionAsync(new() { Contribution = Typed(foil, "2") }, company.Call);
        await company.DeclareAsync(pack, "10");
        return (pack, cell, foil);
    }

    /// <summary>The supplier makes it, and shows its total to the buyer.</summary>
    private async Task<string> SupplyAsync(CompanyAtWork buyer, CompanyAtWork supplier, string bought, string kilograms)
    {
        var made = await supplier.RegisterAsync("for a customer", PartKind.Made);
        await supplier.DeclareAsync(made, kilograms);
        var trade = await buyer.RequestAsync(supplier.Company, bought, "please");
        await supplier.AnswerAsync(trade, made, federation.Deadline);
        await buyer.WaitForAsync(bought, footprint => footprint.Figures is not null, federation.Deadline);
        return trade;
    }

    private static BillOfMaterialsLine Line(string child, string amount) =>
        new() { ChildTraceId = child, Quantity = new() { Amount = amount, Unit = "piece" } };

    private static Contracts.Common.V1.Figures Figures(string amount) =>
        new() { Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = amount } } };

    private static Contribution Typed(string part, string amount) => new()
    {
        TraceId = part,
        Figures = Figures(amount),
        Source = "database, edition 7",
        ReferencePeriod = new()
        {
            StartTime = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToTimestamp(),
            EndTime = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero).ToTimestamp(),
        },
    };
}
