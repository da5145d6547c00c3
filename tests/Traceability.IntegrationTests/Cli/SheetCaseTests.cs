using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>A node that blocks what a customer could work out.</summary>
public sealed class BlockingNodes() : ClassFederation(
    Place.Apart(Story.Companies), new FederationSettings { Inference = "Block" });

/// <summary>What sheets are held to at the node: bulk equals single, and what comes out goes in.</summary>
public sealed class SheetCaseTests(BlockingNodes nodes) : IClassFixture<BlockingNodes>, IDisposable
{
    private readonly LiveFederation _live = nodes.Live;
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    [Fact]
    public async Task One_record_under_two_names_is_named_twice_at_its_second_row_and_nothing_is_stored()
    {
        using var a = await _live.NewCompanyAsync(Story.A);
        using var b = await _live.AtWorkAsync(Story.B);
        var (one, two, supplier) = (Id(1), Id(2), $"{b.Company.OperatorId}");
        await StoreAsync(a, Part("P-1", one, "made"), Part("P-2", two, "bought"));
        Assert.Equal("parts 3: also in row 2", await TwiceAsync(a, Part("Q-1", Id(3), "made"), Part("Q-2", Id(3), "made")));
        Assert.Equal("parts 3: also in row 2", await TwiceAsync(a, Part("Q-1", "", "made"), Part("Ｑ-1", "", "made")));
        Assert.Equal("parts 3: also in row 2", await TwiceAsync(a, Part("P-1", "", "made"), Part("P-9", one, "made")));
        Assert.Equal("contributions 3: also in row 2", await TwiceAsync(a, Contribution("P-1", "2"), Contribution(one, "3")));
        Assert.Equal("lines 3: also in row 2", await TwiceAsync(a, Line("P-1", "P-2", "2"), Line(one, two, "3")));
        Assert.Equal("trades 3: also in row 2", await TwiceAsync(a, Trade("", "P-2", supplier), Trade("", two, supplier)));
        Assert.Equal("trades 3: also in row 2", await TwiceAsync(a, Trade(Id(4), "P-2", supplier), Trade(Id(4), two, supplier)));
        Assert.Equal("answers 3: also in row 2", await TwiceAsync(a, Answer(Id(5), "P-1"), Answer(Id(5), one)));
        // The neighbours: other parts, other trades.
        await StoreAsync(a, Contribution("P-1", "2"), Contribution("P-2", "3"));
        await StoreAsync(a, Trade(Id(6), "P-2", supplier), Trade(Id(7), "P-2", supplier));
        await StoreAsync(a, Line("P-1", "P-2", "2"));
    }

    [Fact]
    public async Task Texts_are_compared_composed_and_look_alike_numbers_are_refused_at_every_door()
    {
        using var a = await _live.NewCompanyAsync(Story.A);
        await StoreAsync(
            a, Part("パ-1", "", "made"), Part("\u30AB\u3099-1", "", "bought"), Line("ハ\u309A-1", "ガ-1", "2"));
        Assert.Contains("ガ-1 is one, in another form of writing", await RefusedAsync(a, Line("パ-1", "ｶﾞ-1", "2")), StringComparison.Ordinal);
        Assert.Contains("written パ-1", await RefusedAsync(a, Part("ﾊﾟ-1", "", "made")), StringComparison.Ordinal);

        foreach (var number in new[] { "ﾊﾟ-1", "ハ\u309A－1", " パ-1 " })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await RegisterAsync(a, number, "another"));
            Assert.Equal(StatusCode.AlreadyExists, refused.StatusCode);
        }

        foreach (var (number, name) in new[] { ("Q\u200B-1", "invisible"), ("Q-1", "caf\uFFFD"), ("Q\uFFFD", "lost") })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () => await RegisterAsync(a, number, name));
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        }

        Assert.Equal("é", (await RegisterAsync(a, "ハ-1", " e\u0301 ")).Name);
        Assert.Equal("kilogram", (await RegisterAsync(a, "K-1", "unit", "㎏")).DeclaredUnit);
    }

    [Fact]
    public async Task A_dry_run_says_which_records_would_change_and_what()
    {
        using var a = await _live.NewCompanyAsync(Story.A);
        await StoreAsync(
            a, Part("P-1", "", "made"), Part("P-2", "", "bought"), Line("P-1", "P-2", "2"), Contribution("P-1", "2"));

        var dry = await ImportAsync(
            a, true, Part("P-1", "", "made"), Part("P-3", "", "bought"), Line("P-1", "P-2", "3"), Line("P-1", "P-3", "1"),
            Contribution("P-1", "5"));

        Assert.Equal((false, 3, 1), (dry.Stored, dry.Changed, dry.Unchanged));
        Assert.Equal(
            [
                "parts 3 True ", "lines 2 False lines: P-2: 2 piece -> P-2: 3 piece|lines:  -> P-3: 1 piece",
                "contributions 2 False main_production: 2 -> 5",
            ],
            dry.Changes.Select(change => $"{change.Sheet} {change.Row} {change.New} " + string.Join(
                '|', change.Fields.Select(field => $"{field.Field}: {field.Before} -> {field.After}"))));
    }

    [Fact]
    public async Task Negative_figures_are_refused_with_the_place_for_uptake()
    {
        using var a = await _live.NewCompanyAsync(Story.A);
        await StoreAsync(a, Part("P-1", "", "made"));
        var row = Contribution("P-1", "0.5");
        row.Contribution.Figures.Components.Add(new ComponentFigure { Component = "biogenic", Amount = "-1.2" });

        Assert.Contains("pcf.biogenic_carbon_kg", await RefusedAsync(a, row), StringComparison.Ordinal);
        Assert.Contains("pcf.biogenic_carbon_kg", await RefusedAsync(a, Contribution("P-1", "-1")), StringComparison.Ordinal);
        row.Contribution.Figures.Components[0].Amount = "0.2";
        await StoreAsync(a, row);
    }

    [Theory]
    [InlineData("2026/1/1", "2026.12.31", "")]
    [InlineData("2026-1-1", "2026年12月31日", "")]
    [InlineData("2026-01-01T09:30:00Z", "2026-12-31T15:00:00.5Z", "")]
    [InlineData("31/12/2026", "2026-12-31", "spreadsheet programs rewrite such days")]
    [InlineData("12/31/2026", "2026-12-31", "spreadsheet programs rewrite such days")]
    [InlineData("1.1.26", "2026-12-31", "spreadsheet programs rewrite such days")]
    [InlineData("2026/2/30", "2026-12-31", "must be a day such as")]
    [InlineData("46023", "2026-12-31", "must be a day such as")]
    [InlineData("2027-01-01", "2026-12-31", "must not be before start_date, 2027-01-01")]
    public async Task Days_have_the_year_first(string start, string end, string said)
    {
        using var a = await _live.AtWorkAsync(Story.A);
        var row = Contribution("D-1", "1");
        (row.Contribution.StartDate, row.Contribution.EndDate) = (start, end);
        var result = await ImportAsync(a, true, Part("D-1", "", "made"), row);

        Assert.Equal(said.Length > 0, result.Errors.Count > 0);
        Assert.All(result.Errors, error => Assert.Contains(said, error.Description, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_in_bulk_are_refused_as_the_single_call_is()
    {
        using var a = await _live.AtWorkAsync(Story.A);
        using var b = await _live.NewCompanyAsync(Story.B);
        using var c = await _live.AtWorkAsync(Story.C);
        var delivered = await a.DeliverAsync(b, "3", _live.Deadline);
        var pack = await b.RegisterAsync("pack", PartKind.Made);
        await b.DeclareAsync(pack, "1");
        await b.ContainsAsync(pack, delivered.Bought, "1");
        await b.WaitForTotalAsync(pack, "4", _live.Deadline);
        var trade = await c.RequestAsync(b.Company, await c.RegisterAsync("bought", PartKind.Bought), "");
        await b.WaitForTradeAsync(trade, _live.Deadline);

        foreach (var dryRun in new[] { true, false })
        {
            var risky = await ImportAsync(b, dryRun, Answer(trade, pack, "total"));
            var error = Assert.Single(risky.Errors);
            Assert.Equal(("answers", 2, "INFERENCE_RISK"), (error.Sheet, error.Row, error.Reason));
            Assert.Contains("single_supplier", error.Description, StringComparison.Ordinal);

            var late = await ImportAsync(b, dryRun, Answer(trade, pack, "total", "2025-12-31"));
            error = Assert.Single(late.Errors);
            Assert.Equal(("valid_until_date", "\"2025-12-31\" is not valid: must be in the future."), (error.Field, error.Description));
            Assert.Equal("purpose", Assert.Single((await ImportAsync(b, dryRun, Answer(trade, pack, "", "", "cbam"))).Errors).Field);
        }

        await b.Trades.AcceptTradeAsync(new() { TradeId = trade, UpstreamTraceId = pack }, b.Call);
        var single = await Assert.ThrowsAsync<RpcException>(() => b.ReleaseAsync(trade, FootprintField.Total));
        Assert.Contains("single_supplier", single.Status.Detail, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RpcException>(async () => await b.Releases.GetReleaseAsync(new() { TradeId = trade }, b.Call));
        await StoreAsync(b, Answer(trade, pack));
    }

    [Fact]
    public async Task Every_row_is_refused_as_its_single_call_is_in_the_same_words()
    {
        using var a = await _live.NewCompanyAsync(Story.A);
        using var b = await _live.AtWorkAsync(Story.B);
        var (made, bought) = (Id(21), Id(22));
        var (oldMade, oldBought) = (Id(23), Id(24));
        await StoreAsync(
            a, Part("M-1", made, "made"), Part("B-1", bought, "bought"), Part("M-0", oldMade, "made"), Part("B-0", oldBought, "bought"));
        var weighed = (await RegisterAsync(a, "K-1", "weighed", "kg")).TraceId;
        foreach (var retired in new[] { oldMade, oldBought })
        {
            await a.Parts.RetirePartAsync(new() { TraceId = retired }, a.Call);
        }

        var (supplier, self, nobody) = (b.Company, a.Company, b.Company with { OperatorId = Guid.CreateVersion7() });
        var declared = Contribution("B-1", "2");
        declared.Contribution.Source = "";
        (ImportRow Row, string Reason, Func<Task> Call)[] pairs =
        [
            (Part("Ｍ-1", "", "made"), "ALREADY_EXISTS", () => RegisterAsync(a, "Ｍ-1", "another")),
            (Line("M-1", "B-0", "1"), "PART_RETIRED", () => a.ContainsAsync(made, oldBought, "1")),
            (Line("M-0", "B-1", "1"), "PART_RETIRED", () => a.ContainsAsync(oldMade, bought, "1")),
            (Line("M-1", "K-1", "1"), "UNITS_DISAGREE", () => a.ContainsAsync(made, weighed, "1")),
            (Line("B-1", "M-1", "1"), "WRONG_KIND_OF_PART", () => a.ContainsAsync(bought, made, "1")),
            (Contribution("M-0", "1"), "PART_RETIRED", () => a.DeclareAsync(oldMade, "1")),
            (declared, "WRONG_KIND_OF_PART", () => a.DeclareAsync(bought, "2")),
            (Contribution("M-1", "-1"), "", () => a.DeclareAsync(made, "-1")),
            (Trade(Id(31), "B-0", $"{supplier.OperatorId}"), "PART_RETIRED", () => a.RequestAsync(supplier, oldBought, "")),
            (Trade(Id(32), "M-1", $"{supplier.OperatorId}"), "WRONG_KIND_OF_PART", () => a.RequestAsync(supplier, made, "")),
            (Trade(Id(33), "B-1", $"{self.OperatorId}"), "", () => a.RequestAsync(self, bought, "")),
            (Trade(Id(34), "B-1", $"{nobody.OperatorId}"), "NOT_DISCLOSED", () => a.RequestAsync(nobody, bought, "")),
            (Answer(Id(35), "M-1"), "NOT_DISCLOSED", async () => await a.Trades.AcceptTradeAsync(
                new() { TradeId = Id(35), UpstreamTraceId = made }, a.Call)),
        ];
        foreach (var (row, reason, call) in pairs)
        {
            var single = await Assert.ThrowsAsync<RpcException>(call);
            var said = single.StatusCode == StatusCode.InvalidArgument && reason.Length == 0
                ? Assert.Single(Refusals.Violations(single)).Description
                : single.Status.Detail;
            Assert.Equal(reason.Length > 0 ? reason : "INVALID_REQUEST", Refusals.Reason(single));
            foreach (var dryRun in new[] { true, false })
            {
                var error = Assert.Single((await ImportAsync(a, dryRun, row)).Errors);
                Assert.Equal((reason, said), (error.Reason, error.Description));
            }
        }
    }

    [Theory]
    [InlineData("out")]
    [InlineData("out.xlsx")]
    public async Task An_untouched_export_of_anything_changes_nothing(string file)
    {
        using var a = await _live.AtWorkAsync(Story.A);
        using var b = await _live.AtWorkAsync(Story.B);
        await FillAsync(a, b);

        foreach (var company in new[] { Story.A, Story.B })
        {
            var program = new CommandLine(_live.Processes, company, _live.Deadline);
            var path = Path.Combine(_folder, $"{company}-{file}");
            Assert.Equal(0, (await program.RunAsync("sheet", "export", path)).Code);
            foreach (var dryRun in new[] { true, false })
            {
                var again = await program.JsonAsync(["sheet", "import", path, .. dryRun ? ["--dry-run"] : Array.Empty<string>()]);
                Assert.Equal("[]", Changes(again));
                Assert.Equal(0, again.GetProperty("changed").GetInt32());
                Assert.True(again.GetProperty("unchanged").GetInt32() > 2);
            }
        }
    }

    [Fact]
    public async Task A_part_is_registered_with_its_number()
    {
        var program = new CommandLine(_live.Processes, Story.C, _live.Deadline);
        var registered = await program.JsonAsync("part", "register", "cell", "--number", "C-21700", "--kind", "bought");

        Assert.Equal("C-21700", registered.GetProperty("part").GetProperty("partNumber").GetString());
        Assert.Equal(0, (await program.RunAsync("part", "show", "C-21700")).Code);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Everything that an export has to carry: parts without numbers, blanks, times, shares, certificates.</summary>
    private async Task FillAsync(CompanyAtWork a, CompanyAtWork b)
    {
        var delivery = await a.DeliverAsync(b, "2.000000000001", _live.Deadline);
        await a.CertifyAsync(delivery.Made, "2.000000000001");
        await a.Releases.GrantReleaseAsync(
            new()
            {
                TradeId = delivery.Trade,
                Fields = { FootprintField.Total, FootprintField.Certificate },
                Purpose = "cbam",
                ValidUntilTime = Timestamp.FromDateTimeOffset(new(2031, 12, 10, 15, 0, 0, 1, TimeSpan.Zero)),
            },
            a.Call);
        foreach (var unit in new[] { "piece", "kg", "g", "t", "l", "m3", "m2", "MJ", "Wh", "kWh", "tkm", "h", "Mbit s" })
        {
            await RegisterAsync(b, "", $"  {unit} カ\u3099 \"x\", = ", unit);
        }

        var (second, made) = (await b.RegisterAsync(" =made ", PartKind.Made), await b.RegisterAsync("made", PartKind.Made));
        await b.Trades.RequestTradeAsync(
            new()
            {
                TradeId = $"{Guid.CreateVersion7()}",
                SupplierOperatorId = $"{a.Company.OperatorId}",
                DownstreamTraceId = delivery.Bought,
                Message = "  blanks around  ",
                DueTime = Timestamp.FromDateTimeOffset(new(2030, 12, 10, 15, 0, 0, TimeSpan.Zero)),
            },
            b.Call);
        await BillAsync(b, made, delivery, second, null);
        await BillAsync(b, made, delivery, second, new DateTimeOffset(2035, 1, 1, 3, 0, 0, TimeSpan.Zero));
        await b.Footprints.DeclareContributionAsync(new() { Contribution = Declared(second) }, b.Call);
        await b.Parts.RetirePartAsync(new() { TraceId = (await RegisterAsync(b, "", "retired")).TraceId }, b.Call);
    }

    private static Contribution Declared(string part) => new()
    {
        TraceId = part,
        Source = " edition 7, \"second\" ",
        ReferencePeriod = new()
        {
            StartTime = Timestamp.FromDateTimeOffset(new(2026, 1, 1, 9, 0, 0, TimeSpan.Zero)),
            EndTime = Timestamp.FromDateTimeOffset(new(2026, 12, 31, 15, 0, 0, TimeSpan.Zero)),
        },
        ValidUntilTime = Timestamp.FromDateTimeOffset(new(2031, 1, 1, 0, 0, 0, TimeSpan.Zero)),
        Figures = new()
        {
            PrimaryShare = "0.333333333333",
            Stages =
            {
                new StageFigure
                {
                    Stage = LifeCycleStage.RawMaterial,
                    Amount = "123456789012345.123456789012",
                    Rating = new() { Technology = "1.5", Geography = "2.333333333333", Time = "5" },
                },
                new StageFigure
                {
                    Stage = LifeCycleStage.Distribution,
                    Amount = "0",
                    Rating = new() { Technology = "1", Geography = "2", Time = "3" },
                },
                new StageFigure { Stage = LifeCycleStage.EndOfLife, Amount = "0.1" },
            },
            Components = { new ComponentFigure { Component = "reduction", Amount = "0.000000000001" } },
        },
    };

    private static async Task BillAsync(
        CompanyAtWork b, string made, Delivery delivery, string second, DateTimeOffset? from) =>
        await b.Parts.DeclareBillOfMaterialsAsync(
            new()
            {
                ParentTraceId = made,
                ValidFromTime = from is { } time ? Timestamp.FromDateTimeOffset(time) : null,
                Lines =
                {
                    new BillOfMaterialsLine
                    {
                        ChildTraceId = delivery.Bought,
                        Quantity = new() { Amount = from is null ? "0.000000000001" : "7", Unit = "piece" },
                        Suppliers = { new SupplierShare { TradeId = delivery.Trade, Share = "1" } },
                    },
                    new BillOfMaterialsLine { ChildTraceId = second, Quantity = new() { Amount = "2", Unit = "pc" } },
                },
            },
            b.Call);

    private static async Task<Part> RegisterAsync(CompanyAtWork company, string number, string name, string unit = "piece") =>
        (await company.Parts.RegisterPartAsync(
            new()
            {
                Part = new()
                {
                    TraceId = $"{Guid.CreateVersion7()}",
                    PartNumber = number,
                    Name = name,
                    Kind = PartKind.Made,
                    DeclaredUnit = unit,
                },
            },
            company.Call)).Part;

    private static string Changes(JsonElement result) => result.GetProperty("changes").GetRawText().Replace(" ", "", StringComparison.Ordinal);

    private async Task<ImportResult> ImportAsync(CompanyAtWork company, bool dryRun, params ImportRow[] rows)
    {
        foreach (var (index, row) in rows.GroupBy(row => row.Sheet).SelectMany(sheet => sheet.Index()))
        {
            row.Row = index + 2;
        }

        return await company.ImportAsync(rows, _live.Deadline, dryRun);
    }

    private async Task StoreAsync(CompanyAtWork company, params ImportRow[] rows)
    {
        foreach (var dryRun in new[] { true, false })
        {
            var result = await ImportAsync(company, dryRun, rows);
            Assert.Empty(result.Errors);
            Assert.Equal(!dryRun, result.Stored);
        }
    }

    private async Task<string> RefusedAsync(CompanyAtWork company, params ImportRow[] rows)
    {
        var (dry, real) = (await ImportAsync(company, true, rows), await ImportAsync(company, false, rows));
        Assert.False(real.Stored);
        Assert.Equal(dry.Errors, real.Errors);
        return Assert.Single(real.Errors).Description;
    }

    /// <summary>Where the one error stands, and what it says of the other row.</summary>
    private async Task<string> TwiceAsync(CompanyAtWork company, params ImportRow[] rows)
    {
        var result = await ImportAsync(company, true, rows);
        var error = result.Errors.Single(error => error.Row == 3);
        Assert.Contains("is named twice, also in row 2", error.Description, StringComparison.Ordinal);
        Assert.False((await ImportAsync(company, false, rows)).Stored);
        return $"{error.Sheet} {error.Row}: also in row 2";
    }

    private static string Id(int number) => $"0f150000-0000-4000-8000-{number:D12}";

    private static ImportRow Part(string number, string id, string kind) => new()
    {
        Sheet = "parts",
        Part = new() { PartNumber = number, TraceId = id, Name = "a part", Kind = kind, Unit = "piece" },
    };

    private static ImportRow Line(string parent, string child, string amount) => new()
    {
        Sheet = "lines",
        Line = new() { Parent = parent, Child = child, Amount = amount, Unit = "piece" },
    };

    private static ImportRow Contribution(string part, string amount) => new()
    {
        Sheet = "contributions",
        Contribution = new()
        {
            Part = part,
            StartDate = "2026-01-01",
            EndDate = "2026-12-31",
            Source = "meter",
            Figures = new() { Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = amount } } },
        },
    };

    private static ImportRow Trade(string id, string part, string supplier) => new()
    {
        Sheet = "trades",
        Trade = new() { TradeId = id, Part = part, SupplierOperatorId = supplier },
    };

    private static ImportRow Answer(string id, string part, string fields = "", string until = "", string? purpose = null) => new()
    {
        Sheet = "answers",
        Answer = new()
        {
            TradeId = id,
            Part = part,
            Fields = fields,
            ValidUntilDate = until,
            Purpose = purpose ?? (fields.Length > 0 ? "product_footprint" : ""),
        },
    };
}
