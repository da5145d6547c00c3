using System.Text.Json;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>The whole story, typed.</summary>
public class StoryByHandTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task A_supplier_and_its_customer_can_do_everything_by_hand()
    {
        var (a, b) = (OwnProcess(Story.A), OwnProcess(Story.B));
        await a.JsonAsync("part", "register", "sheet", "--unit", "kilogram");
        await a.JsonAsync("footprint", "declare", "sheet", "2.5");
        await b.JsonAsync("part", "register", "sheet from A", "--kind", "bought", "--unit", "kilogram");
        await b.JsonAsync("part", "register", "case");
        await b.JsonAsync("bill", "declare", "case", "sheet from A=400 g");
        await b.JsonAsync("footprint", "declare", "case", "1");
        var trade = Id(await b.JsonAsync("trade", "request", "sheet from A", "--supplier", Story.A), "trade", "tradeId");
        using var supplier = await federation.AtWorkAsync(Story.A);
        await supplier.WaitForTradeAsync(trade, federation.Deadline);

        await a.JsonAsync("trade", "accept", trade, "sheet");
        await a.JsonAsync("release", "grant", trade, "--field", "total");
        using var buyer = await federation.AtWorkAsync(Story.B);
        var product = Id(await b.JsonAsync("part", "show", "case"), "part", "traceId");
        await buyer.WaitForTotalAsync(product, "2", federation.Deadline);

        var (code, shown, _) = await b.RunAsync("footprint", "show", "case");
        Assert.Equal(0, code);
        Assert.Contains("2 kg CO2e per piece", shown, StringComparison.Ordinal);
        Assert.Contains("next: trace footprint watch", shown, StringComparison.Ordinal);

        await a.JsonAsync("release", "revoke", trade);
        await buyer.WaitForAsync(product, footprint => !footprint.Complete, federation.Deadline);
        (_, shown, _) = await b.RunAsync("footprint", "show", "case");
        Assert.Contains("INCOMPLETE, at least 1 kg CO2e", shown, StringComparison.Ordinal);
        Assert.Contains("withheld", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_refused_is_said_with_its_reason_and_an_exit_code()
    {
        var (a, c) = (OwnProcess(Story.A), OwnProcess(Story.C));
        var part = Id(await a.JsonAsync("part", "register", "secret"), "part", "traceId");

        var (code, output, errors) = await a.RunAsync("footprint", "declare", "secret", "-1");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("contribution.figures.stages[0].amount: \"-1\" is not valid", errors, StringComparison.Ordinal);

        var hidden = await ErrorAsync(c, "footprint", "show", part);
        var nowhere = Guid.CreateVersion7().ToString();
        var none = await ErrorAsync(c, "footprint", "show", nowhere);
        Assert.Equal("NOT_DISCLOSED", hidden.GetProperty("reason").GetString());
        Assert.Equal(
            none.GetRawText(), hidden.GetRawText().Replace(part, nowhere, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_command_says_what_would_be_right()
    {
        await MustSayAsync("'made'", Story.A, "part", "register", "x", "--kind", "stolen");
        await MustSayAsync("PART=QUANTITY", Story.A, "bill", "declare", $"{Guid.CreateVersion7()}", "cell");
        await MustSayAsync("trace part list", Story.A, "part", "show", "nothing");
        await MustSayAsync("knows A, B, C", "Z", "part", "list");
    }

    /// <summary>As a person starts it.</summary>
    private CommandLine OwnProcess(string company) => new(federation, company, ownProcess: true);

    private async Task MustSayAsync(string what, string company, params string[] arguments)
    {
        var (code, _, errors) = await OwnProcess(company).RunAsync(arguments);
        Assert.Equal(1, code);
        Assert.Contains(what, errors, StringComparison.Ordinal);
    }

    private static string Id(JsonElement answer, string resource, string field) =>
        answer.GetProperty(resource).GetProperty(field).GetString()!;

    private static async Task<JsonElement> ErrorAsync(CommandLine company, params string[] arguments)
    {
        var (code, _, errors) = await company.RunAsync([.. arguments, "--output", "json"]);
        Assert.Equal(1, code);
        return JsonDocument.Parse(errors).RootElement.GetProperty("error");
    }
}
