using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Demo.EvBattery;
using Traceability.Tests;
using Xunit;

namespace Traceability.IntegrationTests.Scenarios;

/// <summary>The chain of 34 companies on five nodes, played once for all its stories.</summary>
public sealed class EvBattery : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Lazy<Task>> _chapters = [];

    public Chain Chain { get; } = Chain.Load();

    public LiveFederation Live { get; private set; } = null!;

    public ChainStory Story { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Live = await LiveFederation.StartAsync(Chain.Places);
        Story = new ChainStory(Live.Processes, Chain, _ => { });
        await Story.PlayAsync(Live.Deadline);
    }

    public async Task DisposeAsync()
    {
        await Live.DisposeAsync();
    }

    /// <summary>What several stories build on happens once, whichever of them is told first.</summary>
    public Task OnceAsync(Func<Task> chapter) => _chapters.GetOrAdd(chapter.Method.Name, _ => new(chapter)).Value;
}

/// <summary>What the chain's own files expect, through the real exchange, and the stories that follow from it.</summary>
[TestCaseOrderer("Traceability.IntegrationTests.Harness.ChapterOrder", "Traceability.IntegrationTests")]
public sealed class EvBatteryTests(EvBattery ev) : IClassFixture<EvBattery>
{
    private readonly Chain _chain = ev.Chain;
    private readonly LiveFederation _live = ev.Live;
    private readonly ChainStory _story = ev.Story;

    [Fact, Chapter(1)]
    public async Task Every_figure_is_as_the_files_of_the_chain_say()
    {
        List<string> wrong = [];
        foreach (var expected in _chain.Expected)
        {
            var key = expected["traceKey"];
            var footprint = await _story.CompleteAsync(key, _live.Deadline);
            var figures = footprint.Figures;
            Compare("total", figures.Total);
            Compare("preTotal", Stage(figures, LifeCycleStage.RawMaterial).Amount);
            Compare("mainTotal", Stage(figures, LifeCycleStage.MainProduction).Amount);
            CompareRating("pre", Stage(figures, LifeCycleStage.RawMaterial).Rating);
            CompareRating("main", Stage(figures, LifeCycleStage.MainProduction).Rating);
            CompareNine("primaryShare", figures.PrimaryShare);

            void Compare(string column, string value)
            {
                if (value != expected[column])
                {
                    wrong.Add($"{key} {column}: {value} instead of {expected[column]}");
                }
            }

            // A rating over no emission is no rating here, and printed as 0 in the file.
            void CompareRating(string stage, Rating? rating)
            {
                CompareNine($"{stage}TeR", rating?.Technology ?? "0");
                CompareNine($"{stage}GeR", rating?.Geography ?? "0");
                CompareNine($"{stage}TiR", rating?.Time ?? "0");
            }

            void CompareNine(string column, string value)
            {
                if (Nine(value) != Nine(expected[column]))
                {
                    wrong.Add($"{key} {column}: {value} instead of {expected[column]}");
                }
            }
        }

        Assert.Equal(45, _chain.Expected.Count);
        Assert.Empty(wrong);
    }

    /// <summary>Both packs and both vehicles, in every format that applies.</summary>
    [Fact, Chapter(2)]
    public async Task What_is_disclosed_names_nobody_else()
    {
        foreach (var key in Chain.Exported)
        {
            using var owner = await _live.AtWorkAsync(_chain.Owner(key));
            var files = await ChainExports.OfAsync(_chain, owner, key, _live.Deadline);
            var again = await ChainExports.OfAsync(_chain, owner, key, _live.Deadline);

            Assert.Equal(key.StartsWith("PACK", StringComparison.Ordinal) ? 19 : 8, files.Count);
            foreach (var (name, content) in files.Where(file => !file.Name.Contains("provenance", StringComparison.Ordinal)))
            {
                Assert.Equal(content, again.Single(file => file.Name == name).Content);
                var text = Readable(name, content);
                Assert.All(SecretsBeside(key), secret => Assert.False(
                    text.Contains(secret, StringComparison.OrdinalIgnoreCase), $"{name} shows {secret}"));
                await FitsItsSchemaAsync(name, text);
            }
        }
    }

    private static async Task FitsItsSchemaAsync(string name, string text)
    {
        var export = name.Split('.')[1];
        foreach (var (known, version) in PublishedSchemas.All.Where(one => one.Export == export
            && (export != "catena-x" || one.Version == "9.0.0")))
        {
            Assert.Empty((await PublishedSchemas.ReadAsync(known, version)).Validate(text).Select(error => $"{name}: {error}"));
        }
    }

    /// <summary>A spreadsheet is a ZIP file, and what is signed is Base64.</summary>
    private static string Readable(string name, byte[] content)
    {
        if (name.EndsWith(".jws", StringComparison.Ordinal))
        {
            var body = Encoding.UTF8.GetString(content).Split('.')[1].Replace('-', '+').Replace('_', '/');
            return Encoding.UTF8.GetString(Convert.FromBase64String(body.PadRight((body.Length + 3) / 4 * 4, '=')));
        }

        if (!name.EndsWith(".xlsx", StringComparison.Ordinal))
        {
            return Encoding.UTF8.GetString(content);
        }

        using var zip = new ZipArchive(new MemoryStream(content));
        return string.Join('\n', zip.Entries.Select(entry => new StreamReader(entry.Open()).ReadToEnd()));
    }

    /// <summary>Every other company, part and figure of the chain, and what the company itself buys.</summary>
    private IEnumerable<string> SecretsBeside(string key)
    {
        var owner = _chain.Owner(key);
        var own = _chain.Expected.Single(row => row["traceKey"] == key);
        string[] shown = [own["total"], own["preTotal"], own["mainTotal"]];
        return _chain.Companies.Where(company => company["companyId"] != owner)
            .SelectMany(company => new[] { company["operatorName"], company["openOperatorId"] })
            .Concat(_chain.Parts.Where(part => part["traceKey"] != key && part["partsName"].Length >= 6)
                .SelectMany(part => new[] { part["traceId"], part["partsName"] }))
            .Concat(_chain.Expected.Where(row => row["traceKey"] != key)
                .SelectMany(row => new[] { row["total"], row["preTotal"], row["mainTotal"] })
                .Where(figure => figure.Length >= 6 && !shown.Any(one => one.Contains(figure, StringComparison.Ordinal))))
            .Append("modules");
    }

    [Fact, Chapter(7)]
    public async Task An_incomplete_total_has_no_final_export()
    {
        await ev.OnceAsync(RevokeAsync);
        await WaitForAsync("PACK64", footprint => !footprint.Complete);
        using var owner = await _live.AtWorkAsync(_chain.Owner("PACK64"));
        var service = new ExportService.ExportServiceClient(owner.Channel);
        var request = new ExportPartRequest { TraceId = _chain.TraceId("PACK64"), Export = "batterypass" };
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var call = service.ExportPart(request, owner.Call);
            await call.ResponseStream.MoveNext(_live.Deadline);
        });
        Assert.Equal("EXPORT_INCOMPLETE", Refusals.Reason(refused));
        Assert.Contains("The total is incomplete", refused.Status.Detail, StringComparison.Ordinal);
        var review = await service.ReviewExportAsync(
            new() { TraceId = request.TraceId, Export = request.Export }, owner.Call);
        Assert.False(review.Final);

        request.Draft = true;
        using var draft = service.ExportPart(request, owner.Call);
        Assert.True(await draft.ResponseStream.MoveNext(_live.Deadline));
        Assert.Contains("DRAFT", draft.ResponseStream.Current.Content.ToStringUtf8(), StringComparison.Ordinal);
    }

    /// <summary>From the recorded events alone: the stored total, and the one that the statement says.</summary>
    [Fact, Chapter(9)]
    public async Task Every_version_of_every_total_is_replayed()
    {
        var (versions, stated, suppliers) = (0, 0, 0);
        List<string> wrong = [];
        foreach (var company in _chain.Places.Select(place => place.Company))
        {
            using var owner = await AtWorkAsync(company);
            var parts = (await owner.Parts.ListPartsAsync(new() { PageSize = 1000 }, owner.Call)).Parts;
            foreach (var part in parts.Where(part => part.Kind == PartKind.Made))
            {
                using var replay = new AuditService.AuditServiceClient(owner.Channel).ReplayFootprint(
                    new() { TraceId = part.TraceId }, owner.Call);
                while (await replay.ResponseStream.MoveNext(_live.Deadline))
                {
                    if (replay.ResponseStream.Current.Version is not { } version)
                    {
                        continue;
                    }

                    versions++;
                    stated += version.Stated ? 1 : 0;
                    suppliers += version.Sources.Count(source => source.Presentation.Length > 0);
                    if (!version.Agrees || !Equals(version.Stored, version.Replayed))
                    {
                        wrong.Add($"{company} {part.Name} version {version.Version}: {version}");
                    }
                }
            }
        }

        Assert.Empty(wrong);
        Assert.True(versions >= 45, $"{versions} versions");
        Assert.True(stated >= 30, $"{stated} stated");
        Assert.True(suppliers >= 40, $"{suppliers} totals of suppliers");
    }

    /// <summary>
    /// negative_tests.csv: N2 to N5 and N11 are limits of the Ouranos interface, and bind its adapter only.
    /// </summary>
    [Fact, Chapter(3)]
    public async Task What_must_not_be_entered_is_refused_with_its_reason()
    {
        using var hinoki = await AtWorkAsync("HINOKI");
        using var momiji = await AtWorkAsync("MOMIJI");
        using var aoi = await AtWorkAsync("AOI");
        using var kaede = await AtWorkAsync("KAEDE");

        // N1: units must agree.
        var pieces = await hinoki.RegisterAsync("cathode by the piece", PartKind.Bought);
        var trade = await hinoki.RequestAsync(momiji.Company, pieces, "N1");
        await momiji.WaitForTradeAsync(trade, _live.Deadline);
        await RefusedAsync("UNITS_DISAGREE", momiji.Trades.AcceptTradeAsync(
            new AcceptTradeRequest { TradeId = trade, UpstreamTraceId = _chain.TraceId("CAM") }, momiji.Call));
        await hinoki.Trades.CancelTradeAsync(new CancelTradeRequest { TradeId = trade }, hinoki.Call);

        // N6, N7: the answer to what is not there.
        await RefusedAsync("NOT_DISCLOSED", aoi.Parts.GetBillOfMaterialsAsync(
            new GetBillOfMaterialsRequest { ParentTraceId = _chain.TraceId("PACK64") }, aoi.Call));
        await RefusedAsync("NOT_DISCLOSED", kaede.Footprints.GetFootprintAsync(
            new GetFootprintRequest { TraceId = _chain.TraceId("MODULE") }, kaede.Call));

        // N8: a part of another company cannot go into one's own at all; inside a company the path is shown.
        await RefusedAsync("NOT_DISCLOSED", Contains(momiji, _chain.TraceId("CAM"), _chain.TraceId("CELL")));
        var (outer, inner) = (
            await momiji.RegisterAsync("outer", PartKind.Made), await momiji.RegisterAsync("inner", PartKind.Made));
        await momiji.ContainsAsync(outer, inner, "1");
        await RefusedAsync("CYCLE", Contains(momiji, inner, outer));

        // N9: what is linked stays.
        await RefusedAsync("PART_IN_USE", momiji.Parts.RetirePartAsync(
            new RetirePartRequest { TraceId = _chain.TraceId("MOMIJI:PCAM") }, momiji.Call));
        await RefusedAsync("PART_IN_USE", momiji.Parts.RetirePartAsync(
            new RetirePartRequest { TraceId = _chain.TraceId("CAM") }, momiji.Call));

        // N10: another name is another part.
        var cam = (await momiji.Parts.GetPartAsync(new GetPartRequest { TraceId = _chain.TraceId("CAM") }, momiji.Call)).Part;
        cam.Name = "CAM-812";
        await RefusedAsync("ALREADY_EXISTS", momiji.Parts.RegisterPartAsync(new RegisterPartRequest { Part = cam }, momiji.Call));
    }

    [Fact, Chapter(4)]
    public async Task A_certificate_holds_for_the_figures_that_it_is_about_and_for_its_time()
    {
        await ev.OnceAsync(CertifyAsync);

        // N13: its time is over.
        Assert.Equal(CertificateStanding.Expired, await StandingAsync("ALU_LC"));
    }

    private async Task CertifyAsync()
    {
        foreach (var row in _chain.Certificates)
        {
            using var owner = await AtWorkAsync(_chain.Owner(row["traceKey"]));
            var certificate = new Certificate
            {
                CertificateId = Guid.CreateVersion7().ToString(),
                TraceId = _chain.TraceId(row["traceKey"]),
                Verifier = row["verifier"],
                Stages =
                {
                    new StageFigure { Stage = LifeCycleStage.RawMaterial, Amount = row["certifiedPre"] },
                    new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = row["certifiedMain"] },
                },
                Validity = new() { StartTime = Day(row["validFrom"], 0), EndTime = Day(row["validTo"], 1) },
            };
            await owner.Footprints.RecordCertificateAsync(new() { Certificate = certificate }, owner.Call);
            certificate.CertificateId = Guid.CreateVersion7().ToString();
            certificate.Stages[0].Amount = "1";
            await RefusedAsync("CERTIFICATE_MISMATCH", owner.Footprints.RecordCertificateAsync(
                new() { Certificate = certificate }, owner.Call));
        }

        // As long as nothing has changed.
        Assert.NotEqual(CertificateStanding.NoLongerMatching, await StandingAsync("CAM"));
    }

    [Fact, Chapter(5)]
    public async Task A_change_far_away_reaches_exactly_what_is_above_it()
    {
        await ev.OnceAsync(CertifyAsync);
        var before = await VersionsAsync();
        using var matsu = await AtWorkAsync("MATSU");
        await DeclareAsync(matsu, "MHP", "3.65");

        // 1.20 kg less in each kilogram of hydroxide, through eight companies.
        var module = await WaitForTotalAsync("MODULE", "281.6035872");
        var pack = await WaitForTotalAsync("PACK64", "5872.6573952");
        var change = Assert.Single(pack.Changes);
        Assert.Equal((ChangeKind.ChildFigure, module.Figures.Total), (change.Kind, change.After));
        Assert.Equal(
            decimal.Parse(pack.Figures.Total, CultureInfo.InvariantCulture) - 6032.3522432m,
            decimal.Parse(change.Effect, CultureInfo.InvariantCulture));
        await WaitForTotalAsync("VEH_K", null, version => version > before["VEH_K"]);
        await WaitForTotalAsync("VEH_A", null, version => version > before["VEH_A"]);
        var after = await VersionsAsync();
        string[] above =
            ["CAM", "CELL", "MHP", "MODULE", "NISO4", "PACK48", "PACK64", "PCAM", "VEH_A", "VEH_K"];
        Assert.Equal(above, after.Where(one => one.Value != before[one.Key]).Select(one => one.Key).Order());

        // N12: the certified figure has moved. The one about lithium has not.
        Assert.Equal(CertificateStanding.NoLongerMatching, await StandingAsync("NISO4"));
        Assert.Equal(CertificateStanding.NoLongerMatching, await StandingAsync("CAM"));
        Assert.NotEqual(CertificateStanding.NoLongerMatching, await StandingAsync("LIOH"));

        await DeclareAsync(matsu, "MHP", "4.85");
        await WaitForTotalAsync("VEH_K", "12775.5522432");
        await WaitForTotalAsync("VEH_A", "8525.4641824");
    }

    [Fact, Chapter(6)]
    public async Task A_silent_supplier_makes_the_pack_incomplete_not_lighter()
    {
        await ev.OnceAsync(RevokeAsync);

        var cell = await WaitForAsync("CELL", footprint => !footprint.Complete);
        var missing = Assert.Single(cell.Coverage.Missing);
        Assert.Equal((_chain.TraceId("HINOKI:GRA_B"), "withheld"), (missing.TraceId, missing.Reason));
        Assert.Equal((10, 9), (cell.Coverage.Lines, cell.Coverage.CompleteLines));

        // Two companies further on one value is missing, and nothing says whose.
        var vehicle = await WaitForAsync("VEH_K", footprint => !footprint.Complete);
        missing = Assert.Single(vehicle.Coverage.Missing);
        Assert.Equal((_chain.TraceId("KAEDE:PACK64"), "incomplete"), (missing.TraceId, missing.Reason));
        Assert.DoesNotContain(_chain.TraceId("HINOKI:GRA_B"), vehicle.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("AKAMATSU", vehicle.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    private async Task RevokeAsync()
    {
        using var supplier = await AtWorkAsync("AKAMATSU");
        var trade = (await supplier.Trades.ListTradesAsync(new ListTradesRequest(), supplier.Call)).Trades.Single();
        await supplier.Releases.RevokeReleaseAsync(new RevokeReleaseRequest { TradeId = trade.TradeId }, supplier.Call);
    }

    [Fact, Chapter(8)]
    public async Task A_secondary_value_fills_the_gap_and_shows_as_such()
    {
        await ev.OnceAsync(RevokeAsync);
        using var hinoki = await AtWorkAsync("HINOKI");
        await hinoki.Footprints.DeclareContributionAsync(
            new() { Contribution = Typed("HINOKI:GRA_B", "18", "database of graphite, edition 2025") }, hinoki.Call);

        var cell = await _story.CompleteAsync("CELL", _live.Deadline);

        var line = cell.Lines.Single(one => one.ChildTraceId == _chain.TraceId("HINOKI:GRA_B"));
        Assert.Equal((LineOrigin.DataSet, LineState.Answered), (line.Origin, line.State));
        Assert.Equal("16.6764072", cell.Figures.Total);
        await WaitForAsync("VEH_K", footprint => footprint.Complete);
    }

    private Contribution Typed(string key, string amount, string source) => new()
    {
        TraceId = _chain.TraceId(key),
        Source = source,
        ReferencePeriod = new() { StartTime = Day("2025-04-01", 0), EndTime = Day("2026-03-31", 1) },
        Figures = new()
        {
            Stages =
            {
                new StageFigure { Stage = LifeCycleStage.RawMaterial, Amount = amount },
                new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "0" },
            },
        },
    };

    private async Task DeclareAsync(CompanyAtWork company, string key, string amount)
    {
        var contribution = Typed(key, amount, "");
        contribution.Figures.PrimaryShare = "1";
        await company.Footprints.DeclareContributionAsync(new() { Contribution = contribution }, company.Call);
    }

    private AsyncUnaryCall<DeclareBillOfMaterialsResponse> Contains(CompanyAtWork company, string parent, string child) =>
        company.Parts.DeclareBillOfMaterialsAsync(
            new DeclareBillOfMaterialsRequest
            {
                ParentTraceId = parent,
                Lines =
                {
                    new BillOfMaterialsLine
                    {
                        ChildTraceId = child,
                        Quantity = new() { Amount = "1", Unit = "piece" },
                    },
                },
            },
            company.Call);

    private async Task<Dictionary<string, long>> VersionsAsync()
    {
        Dictionary<string, long> versions = [];
        foreach (var key in _chain.Expected.Select(row => row["traceKey"]))
        {
            versions[key] = (await FootprintAsync(key)).Version;
        }

        return versions;
    }

    private async Task<CertificateStanding> StandingAsync(string key) =>
        (await FootprintAsync(key)).Certificates.Single().Standing;

    private async Task<Footprint> FootprintAsync(string key)
    {
        using var owner = await AtWorkAsync(_chain.Owner(key));
        return await owner.FootprintAsync(_chain.TraceId(key));
    }

    private Task<Footprint> WaitForTotalAsync(string key, string? total, Func<long, bool>? version = null) =>
        WaitForAsync(key, footprint =>
            footprint.Complete && (total is null || footprint.Figures.Total == total)
            && (version is null || version(footprint.Version)));

    private async Task<Footprint> WaitForAsync(string key, Func<Footprint, bool> condition)
    {
        using var owner = await AtWorkAsync(_chain.Owner(key));
        return await owner.WaitForAsync(_chain.TraceId(key), condition, _live.Deadline);
    }

    private Task<CompanyAtWork> AtWorkAsync(string company) =>
        _live.AtWorkAsync(company);

    private static async Task RefusedAsync<T>(string reason, AsyncUnaryCall<T> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(reason, Refusals.Reason(refused));
    }

    private static StageFigure Stage(Figures figures, LifeCycleStage stage) =>
        figures.Stages.Single(one => one.Stage == stage);

    private static decimal Nine(string value) =>
        Math.Round(decimal.Parse(value, CultureInfo.InvariantCulture), 9, MidpointRounding.ToEven);

    private static Timestamp Day(string day, int add) => Timestamp.FromDateTime(
        DateTime.SpecifyKind(DateTime.Parse(day, CultureInfo.InvariantCulture), DateTimeKind.Utc).AddDays(add));
}
