using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Cli;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Node.Companies;

/// <summary>A period is days of the company's own zone, through every door and export, and at its customers.</summary>
public sealed class CompanyZoneTests(TwoNodes nodes) : IClassFixture<TwoNodes>
{
    private readonly LiveFederation _live = nodes.Live;

    [Fact]
    public async Task A_day_in_Japan_stays_that_day_through_every_door_and_export_and_at_the_customer()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        var trace = new CommandLine(_live, "supplier");
        var chosen = await trace.JsonAsync("company", "choose-time-zone", "Asia/Tokyo");
        Assert.Equal("Asia/Tokyo", chosen.GetProperty("settings").GetProperty("timeZone").GetString());
        var part = $"{Guid.CreateVersion7()}";
        await StoreAsync(supplier, Part(part), Contribution(part, "2026-01-01", "2026-12-31", "2031-12-31"));

        var declared = (await supplier.Footprints.GetFootprintAsync(new() { TraceId = part }, supplier.Call)).Footprint;
        Assert.Equal(Time(2025, 12, 31, 15), declared.ReferencePeriod.StartTime);
        Assert.Equal(Time(2026, 12, 31, 15), declared.ReferencePeriod.EndTime);
        Assert.Equal(Time(2031, 12, 31, 15), declared.ValidUntilTime);
        AssertYear(declared.ReferencePeriod);
        AssertYear(declared.Contribution.ReferencePeriod);

        var rows = await ExportAsync(supplier);
        var row = Assert.Single(rows, one => one.Contribution?.Part == "P-1").Contribution;
        Assert.Equal(("2026-01-01", "2026-12-31", "2031-12-31"), (row.StartDate, row.EndDate, row.ValidUntilDate));
        Assert.Equal(0, (await supplier.ImportAsync(rows, _live.Deadline)).Changed);
        // The year of the command line is the company's year: the same moments, so nothing new but that no end is said.
        var again = await trace.JsonAsync("footprint", "declare", part, "3", "--year", "2026");
        Assert.Equal(
            "2025-12-31T15:00:00Z",
            again.GetProperty("footprint").GetProperty("referencePeriod").GetProperty("startTime").GetString());

        var bought = await buyer.RegisterAsync("bought", PartKind.Bought);
        var trade = await buyer.RequestAsync(supplier.Company, bought, "");
        await supplier.AnswerAsync(trade, part, _live.Deadline);
        await buyer.WaitForTotalAsync(bought, "3", _live.Deadline);
        AssertYear((await buyer.Footprints.GetFootprintAsync(new() { TraceId = bought }, buyer.Call)).Footprint.ReferencePeriod);

        var document = await DocumentAsync(supplier, part);
        Assert.Equal("2026-01-01T00:00:00+09:00", document.GetProperty("referencePeriodStart").GetString());
        Assert.Equal("2027-01-01T00:00:00+09:00", document.GetProperty("referencePeriodEnd").GetString());
    }

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("America/Santiago", "2026-09-06", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z")]
    [InlineData("Pacific/Kiritimati", "2026-12-31", "2026-12-31", "2026-12-30T10:00:00Z", "2026-12-31T10:00:00Z")]
    [InlineData("UTC", "2026-01-01", "2026-12-31", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    public async Task Days_that_clocks_make_short_come_out_as_they_went_in(
        string zone, string first, string last, string start, string end)
    {
        using var buyer = await _live.AtWorkAsync("buyer");
        var companies = new CompanyService.CompanyServiceClient(buyer.Channel);
        await companies.ChooseTimeZoneAsync(new() { TimeZone = zone }, buyer.Call);
        try
        {
            var part = $"{Guid.CreateVersion7()}";
            await StoreAsync(buyer, Part(part, part), Contribution(part, first, last, last));

            var footprint = (await buyer.Footprints.GetFootprintAsync(new() { TraceId = part }, buyer.Call)).Footprint;
            Assert.Equal(start, Text(footprint.Contribution.ReferencePeriod.StartTime));
            Assert.Equal(end, Text(footprint.Contribution.ReferencePeriod.EndTime));
            var rows = await ExportAsync(buyer);
            var row = Assert.Single(rows, one => one.Contribution?.Part == part).Contribution;
            Assert.Equal((first, last, last), (row.StartDate, row.EndDate, row.ValidUntilDate));
            Assert.Equal(0, (await buyer.ImportAsync(rows, _live.Deadline)).Changed);
        }
        finally
        {
            await companies.ChooseTimeZoneAsync(new() { TimeZone = "UTC" }, buyer.Call);
        }
    }

    [Fact]
    public async Task A_zone_is_chosen_by_its_name_and_what_was_declared_stays_the_moments_it_is()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        var companies = new CompanyService.CompanyServiceClient(supplier.Channel);
        var settings = (await companies.GetCompanyAsync(new(), supplier.Call)).Settings;
        Assert.Equal(("UTC", "", null), (settings.TimeZone, settings.Etag, settings.TimeZoneChooseTime));
        var part = $"{Guid.CreateVersion7()}";
        await StoreAsync(supplier, Part(part), Contribution(part, "2026-01-01", "2026-12-31", ""));
        var before = (await supplier.Footprints.GetFootprintAsync(new() { TraceId = part }, supplier.Call)).Footprint;
        AssertYear(before.ReferencePeriod);

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await companies.ChooseTimeZoneAsync(new() { TimeZone = "JST" }, supplier.Call));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains("such as Asia/Tokyo", refused.Status.Detail, StringComparison.Ordinal);
        var tokyo = (await companies.ChooseTimeZoneAsync(new() { TimeZone = "Asia/Tokyo" }, supplier.Call)).Settings;
        await companies.ChooseTimeZoneAsync(new() { TimeZone = "Asia/Tokyo", Etag = tokyo.Etag }, supplier.Call);
        await companies.ChooseTimeZoneAsync(new() { TimeZone = "Europe/Berlin" }, supplier.Call);
        await Assert.ThrowsAsync<RpcException>(async () => await companies.ChooseTimeZoneAsync(
            new() { TimeZone = "UTC", Etag = tokyo.Etag }, supplier.Call));

        var zones = (await companies.ListTimeZonesAsync(new() { PageSize = 1 }, supplier.Call));
        Assert.Equal("Europe/Berlin", Assert.Single(zones.TimeZones).TimeZone);
        zones = await companies.ListTimeZonesAsync(new() { PageToken = zones.NextPageToken }, supplier.Call);
        Assert.Equal("Asia/Tokyo", Assert.Single(zones.TimeZones).TimeZone);
        var after = (await supplier.Footprints.GetFootprintAsync(new() { TraceId = part }, supplier.Call)).Footprint;
        Assert.Equal(before.ReferencePeriod.StartTime, after.ReferencePeriod.StartTime);
        Assert.Equal(("", ""), (after.ReferencePeriod.FirstDay, after.ReferencePeriod.LastDay));
        var rows = await ExportAsync(supplier);
        Assert.Equal("2026-01-01T00:00:00Z", Assert.Single(rows, one => one.Contribution is not null).Contribution.StartDate);
        Assert.Equal(0, (await supplier.ImportAsync(rows, _live.Deadline)).Changed);
    }

    private static void AssertYear(Period period) =>
        Assert.Equal(("2026-01-01", "2026-12-31"), (period.FirstDay, period.LastDay));

    private static Timestamp Time(int year, int month, int day, int hour) =>
        new DateTimeOffset(year, month, day, hour, 0, 0, TimeSpan.Zero).ToTimestamp();

    private static string Text(Timestamp time) => $"{time.ToDateTimeOffset():yyyy-MM-dd'T'HH:mm:ss'Z'}";

    private static ImportRow Part(string id, string number = "P-1") => new()
    {
        Sheet = "parts",
        Row = 2,
        Part = new() { TraceId = id, PartNumber = number, Name = "part", Kind = "made", Unit = "piece" },
    };

    private static ImportRow Contribution(string part, string start, string end, string until) => new()
    {
        Sheet = "contributions",
        Row = 2,
        Contribution = new()
        {
            Part = part,
            StartDate = start,
            EndDate = end,
            ValidUntilDate = until,
            Figures = new() { Stages = { new StageFigure { Stage = LifeCycleStage.MainProduction, Amount = "3" } } },
        },
    };

    private async Task StoreAsync(CompanyAtWork company, params ImportRow[] rows)
    {
        var result = await company.ImportAsync(rows, _live.Deadline);
        Assert.Empty(result.Errors);
        Assert.True(result.Stored);
    }

    private async Task<IReadOnlyList<ImportRow>> ExportAsync(CompanyAtWork company)
    {
        List<ImportRow> rows = [];
        using var export = company.Imports.ExportRecords(new(), company.Call);
        while (await export.ResponseStream.MoveNext(_live.Deadline))
        {
            rows.AddRange(export.ResponseStream.Current.Rows);
        }

        return rows;
    }

    /// <summary>The final PACT document.</summary>
    private async Task<JsonElement> DocumentAsync(CompanyAtWork company, string part)
    {
        var exports = new ExportService.ExportServiceClient(company.Channel);
        var request = new DeclareProductFactsRequest { TraceId = part };
        foreach (var fact in ExportCommandTests.Facts)
        {
            request.Facts[fact.Split('=')[0]] = fact.Split('=')[1];
        }

        await exports.DeclareProductFactsAsync(request, company.Call);
        using var export = exports.ExportPart(new() { TraceId = part, Export = "pact" }, company.Call);
        Assert.True(await export.ResponseStream.MoveNext(_live.Deadline));
        using var document = JsonDocument.Parse(Encoding.UTF8.GetString(export.ResponseStream.Current.Content.Span));
        return document.RootElement.GetProperty("pcf").Clone();
    }
}
