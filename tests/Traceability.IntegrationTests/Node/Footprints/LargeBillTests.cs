using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Evidence;
using Traceability.IntegrationTests.Cli;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Footprints;

/// <summary>
/// A part of 1,000 lines with two suppliers each, who tell all they can: nothing that is done with it ends in an answer
/// that cannot be sent.
/// </summary>
public sealed class LargeBillTests(LargeBill federation) : IClassFixture<LargeBill>
{
    /// <summary>What every gRPC client takes unless it is told otherwise.</summary>
    private const int MessageBytes = 4 * 1024 * 1024;

    private const int Answers = LargeBill.Lines * 2;

    private readonly LiveFederation _live = federation.Live;
    private readonly string _parent = federation.Parent;

    [Fact]
    public async Task It_is_declared_shown_and_watched()
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        var declared = await buyer.DeclareAsync(_parent, "5");

        var footprint = await buyer.FootprintAsync(_parent);
        using var watch = buyer.Footprints.WatchFootprint(new() { TraceId = _parent }, buyer.Call);
        Assert.True(await watch.ResponseStream.MoveNext(_live.Deadline));
        var watched = watch.ResponseStream.Current.Footprint;

        Assert.All([declared, footprint, watched], one =>
        {
            Assert.InRange(one.CalculateSize(), 1, MessageBytes);
            Assert.Equal(Answers, one.Lines.Count + one.LinesLeftOff);
            Assert.True(one.Complete);
        });
        Assert.Equal(LargeBill.Lines, footprint.Coverage.CompleteLines);
        Assert.True(footprint.LinesLeftOff > 0, "All of it fits: no test of anything.");
    }

    [Fact]
    public async Task Its_lines_are_listed_page_by_page_whatever_the_size_of_a_page()
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        List<FootprintLine> lines = [];
        var request = new ListFootprintLinesRequest { TraceId = _parent, PageSize = 700 };
        do
        {
            var page = await buyer.Footprints.ListFootprintLinesAsync(request, buyer.Call);
            lines.AddRange(page.Lines);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal(Answers, lines.Select(line => line.TradeId).Distinct().Count());
        Assert.All(lines, line => Assert.Equal(LineState.Answered, line.State));
        var command = new CommandLine(_live, "buyer");
        var shown = await command.JsonAsync("footprint", "show", _parent);
        Assert.Equal(Answers, shown.GetProperty("footprint").GetProperty("lines").GetArrayLength());
        Assert.Equal(0, shown.GetProperty("footprint").GetProperty("linesLeftOff").GetInt32());
    }

    [Fact]
    public async Task Its_versions_are_listed_and_compared_with_nothing()
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        var versions = await buyer.Footprints.ListFootprintVersionsAsync(
            new() { TraceId = _parent, PageSize = 1000 }, buyer.Call);
        var compared = await buyer.Footprints.CompareFootprintsAsync(new() { TraceId = _parent }, buyer.Call);

        Assert.NotEmpty(versions.Versions);
        Assert.True(compared.Changes.Count >= Answers || compared.NextPageToken.Length > 0);
        var spots = await buyer.Footprints.ListHotSpotsAsync(new() { TraceId = _parent, PageSize = 1000 }, buyer.Call);
        Assert.NotEmpty(spots.HotSpots);
    }

    [Fact]
    public async Task It_is_replayed_from_what_its_suppliers_have_sent()
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        var newest = (await buyer.FootprintAsync(_parent)).Version;
        var audit = new AuditService.AuditServiceClient(buyer.Channel);
        using var replay = audit.ReplayFootprint(
            new() { TraceId = _parent, Version = newest }, buyer.Call.WithDeadline(DateTime.MaxValue));
        ReplayedVersion? version = null;
        var messages = 0;
        await foreach (var one in replay.ResponseStream.ReadAllAsync(_live.Deadline))
        {
            version ??= one.Version;
            version?.Sources.AddRange(one.Continued?.Sources ?? []);
            messages += one.Version is null && one.Continued is null ? 0 : 1;
        }

        Assert.True(version!.Agrees);
        Assert.True(messages > 1, "It is one message: no test of anything.");
        Assert.Equal(Answers, version.Sources.Count(source => source.Presentation.Length > 0));
    }

    [Fact]
    public async Task Its_evidence_is_one_file_that_is_checked_without_a_server()
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        var audit = new AuditService.AuditServiceClient(buyer.Channel);
        using var export = audit.ExportBundle(
            new() { TraceId = _parent }, buyer.Call.WithDeadline(DateTime.MaxValue));
        using var bytes = new MemoryStream();
        await foreach (var piece in export.ResponseStream.ReadAllAsync(_live.Deadline))
        {
            piece.Chunk.WriteTo(bytes);
        }

        var report = BundleVerifier.Verify(AuditBundle.FromZip(bytes.ToArray()));

        Assert.True(report.Good, string.Join("; ", report.Checks));
        Assert.Contains(report.Checks, check => check.Detail == $"{Answers} statements");
    }

    [Fact]
    public async Task It_is_exported()
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        var exports = new ExportService.ExportServiceClient(buyer.Channel);
        using var export = exports.ExportPart(
            new() { TraceId = _parent, Export = "battery-declaration", Draft = true }, buyer.Call);
        List<string> files = [];
        await foreach (var file in export.ResponseStream.ReadAllAsync(_live.Deadline))
        {
            files.Add(file.Name);
        }

        Assert.NotEmpty(files);
    }
}

/// <summary>A buyer, and a supplier that answers for all that it buys, twice.</summary>
public sealed class LargeBill() : ClassFederation([new("buyer", "one"), new("first", "two"), new("second", "two")])
{
    public const int Lines = 1000;

    public string Parent { get; private set; } = "";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        using var buyer = await Live.AtWorkAsync("buyer");
        using var first = await Live.AtWorkAsync("first");
        using var second = await Live.AtWorkAsync("second");
        await ImportAsync(first, Made());
        await ImportAsync(second, Made());
        string[] trades = [.. Enumerable.Range(0, Lines * 2).Select(_ => $"{Guid.CreateVersion7()}")];
        await ImportAsync(buyer, Bought(trades, [$"{first.Company.OperatorId}", $"{second.Company.OperatorId}"]));
        await AnswerAsync(first, [.. trades.Where((_, index) => index % 2 == 0)]);
        await AnswerAsync(second, [.. trades.Where((_, index) => index % 2 == 1)]);
        // One total at the end instead of one per answer: what is looked at is the size, not the way there.
        await Wait.UntilAsync(
            async () => (await Live.RowsAsync(
                buyer, "select count(*)::text from traceability.mt_events where type = 'upstream_total_received'")) is ["2000"],
            Live.Deadline);
        await ImportAsync(buyer, Bill(trades));
        Parent = (await buyer.Parts.FindPartsAsync(new() { NameOrNumber = "parent" }, buyer.Call)).Parts.Single().TraceId;
        await buyer.WaitForAsync(Parent, footprint => footprint.Complete, Live.Deadline);
    }

    private static IEnumerable<ImportRow> Made()
    {
        yield return Part("made", "made");
        yield return new()
        {
            Sheet = "contributions",
            Row = 2,
            Contribution = new()
            {
                Part = "made",
                StartDate = "2026-01-01",
                EndDate = "2026-12-31",
                Figures = new()
                {
                    Stages =
                    {
                        Enum.GetValues<LifeCycleStage>().Where(stage => stage != LifeCycleStage.Unspecified)
                            .Select(stage => new StageFigure
                            {
                                Stage = stage,
                                Amount = "1234.123456789012",
                                Rating = new() { Technology = "1.234567890123", Geography = "2.345678901234", Time = "3" },
                            }),
                    },
                    Components =
                    {
                        Component("fossil", "4936.493827156048"), Component("biogenic", "0"), Component("land_use", "0"),
                        Component("direct", "4936.493827156048"), Component("indirect", "0"),
                        Component("reduction", "1.123456789012"), Component("credit", "2.123456789012"),
                    },
                },
            },
        };
    }

    private static ComponentFigure Component(string name, string amount) => new() { Component = name, Amount = amount };

    private static IEnumerable<ImportRow> Bought(string[] trades, string[] suppliers)
    {
        foreach (var line in Enumerable.Range(0, Lines))
        {
            yield return Part($"bought {line}", "bought");
        }

        foreach (var (index, trade) in trades.Index())
        {
            yield return new()
            {
                Sheet = "trades",
                Row = index + 2,
                Trade = new()
                {
                    TradeId = trade,
                    Part = $"bought {index / 2}",
                    SupplierOperatorId = suppliers[index % 2],
                },
            };
        }
    }

    private static IEnumerable<ImportRow> Bill(string[] trades)
    {
        yield return Part("parent", "made");
        foreach (var (index, trade) in trades.Index())
        {
            yield return new()
            {
                Sheet = "lines",
                Row = index + 2,
                Line = new()
                {
                    Parent = "parent",
                    Child = $"bought {index / 2}",
                    Amount = "0.123456789012",
                    Unit = "piece",
                    TradeId = trade,
                    Share = "0.5",
                },
            };
        }

        yield return new()
        {
            Sheet = "contributions",
            Row = 2,
            Contribution = new()
            {
                Part = "parent",
                StartDate = "2026-01-01",
                EndDate = "2026-12-31",
                Figures = new() { Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "1" } } },
            },
        };
    }

    private async Task AnswerAsync(CompanyAtWork supplier, string[] trades)
    {
        foreach (var trade in trades)
        {
            await supplier.WaitForTradeAsync(trade, Live.Deadline);
        }

        await ImportAsync(supplier, trades.Select((trade, index) => new ImportRow
        {
            Sheet = "answers",
            Row = index + 2,
            Answer = new()
            {
                TradeId = trade,
                Part = "made",
                Fields = "total, stages, rating, components",
                Purpose = "product_footprint",
            },
        }));
    }

    private static ImportRow Part(string number, string kind) => new()
    {
        Sheet = "parts",
        Row = 2,
        Part = new() { PartNumber = number, Name = number, Kind = kind, Unit = "piece" },
    };

    private async Task ImportAsync(CompanyAtWork company, IEnumerable<ImportRow> rows)
    {
        var result = await company.ImportAsync([.. rows], Live.Deadline);
        Assert.True(result.Stored, string.Join("; ", result.Errors.Take(5)));
    }
}
