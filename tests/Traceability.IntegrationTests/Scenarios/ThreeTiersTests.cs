using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Storage;
using Xunit;

namespace Traceability.IntegrationTests.Scenarios;

/// <summary>The main story, with values that would be noticed anywhere.</summary>
public class ThreeTiersTests(Federation federation) : IClassFixture<Federation>
{
    [Fact]
    public async Task The_story_holds_and_its_consequences_follow_by_themselves()
    {
        var parts = await federation.Story.PlayAsync(("3", "5.123456789", "10"), _ => Task.CompletedTask, federation.Deadline);
        using var a = await federation.AtWorkAsync(Story.A);
        using var b = await federation.AtWorkAsync(Story.B);
        using var c = await federation.AtWorkAsync(Story.C);
        var sentinel = await a.RegisterAsync("SENTINEL-CATHODE", PartKind.Made);

        var pack = await c.WaitForTotalAsync(parts.Pack, "18.123456789", federation.Deadline);
        Assert.Equal("8.123456789", pack.Lines.Single().Figures.Total);
        Assert.Empty(pack.Lines.Single().Figures.Stages);
        await NobodySeesMoreAsync(parts, sentinel);

        // A change at the far end arrives with nobody pressing anything.
        await a.DeclareAsync(parts.Cathode, "4");
        await c.WaitForTotalAsync(parts.Pack, "19.123456789", federation.Deadline);
        await OneTraceRunsFromCommandToTotalAsync(parts);

        await TheBrokerKnowsNoSecretsAsync();
        await RebuiltReadModelsAreTheSameAsync();
        await ARevocationMakesTheTotalIncompleteAsync(a, b, c, parts);
    }

    private async Task NobodySeesMoreAsync(StoryParts parts, string sentinel)
    {
        Assert.True(await federation.Story.IsHiddenAsync("C", "C", parts.Cathode, federation.Deadline));
        Assert.True(await federation.Story.IsHiddenAsync("C", "C", parts.Module, federation.Deadline));
        Assert.True(await federation.Story.IsHiddenAsync("C", "A", sentinel, federation.Deadline));
        Assert.True(await federation.Story.IsHiddenAsync("C", "B", parts.Module, federation.Deadline));
        Assert.True(await federation.Story.IsHiddenAsync("A", "C", parts.Pack, federation.Deadline));
    }

    private async Task OneTraceRunsFromCommandToTotalAsync(StoryParts parts)
    {
        var command = await TraceAsync(Story.A, "contribution_revised", parts.Cathode);
        var total = await TraceAsync(Story.C, "footprint_rolled_up", parts.Pack);

        Assert.Equal(command, total);

        // The trace id of the last such event: correlation_id is a W3C traceparent.
        async Task<string> TraceAsync(string company, string type, string part) => (await federation.RowsAsync(
            EventDatabases.NameOf(new(federation.Processes.Company(company).OperatorId)),
            $"""
            select split_part(correlation_id, '-', 2) from traceability.mt_events
            where type = '{type}' and stream_id = 'footprint/{part}' order by version desc limit 1
            """)).Single();
    }

    /// <summary>Everything the broker wrote: every row of every table, and its log.</summary>
    private async Task TheBrokerKnowsNoSecretsAsync()
    {
        var tables = await federation.RowsAsync(
            federation.Processes.BrokerDatabase, "select table_name::text from information_schema.tables where table_schema = 'traceability'");
        Assert.Contains("mailbox", tables);
        var written = federation.Processes.Log("broker");
        foreach (var table in tables)
        {
            var rows = await federation.RowsAsync(federation.Processes.BrokerDatabase, $"select to_jsonb(t)::text from traceability.{table} t");
            written += string.Join('\n', rows);
        }

        foreach (var secret in new[] { "SENTINEL", "5.123456789", "8.123456789", "cathode", "module", "battery pack", "order 4711" })
        {
            Assert.DoesNotContain(secret, written, StringComparison.OrdinalIgnoreCase);
        }
    }

    private async Task RebuiltReadModelsAreTheSameAsync()
    {
        foreach (var company in federation.Processes.Companies)
        {
            var database = EventDatabases.NameOf(new(company.OperatorId));
            var before = await DocumentsAsync(database);
            await using var databases = new EventDatabases(
                federation.Processes.ConnectionString("postgres"), TimeProvider.System);
            await databases.RebuildReadModelsAsync(database, federation.Deadline);

            Assert.NotEmpty(before);
            Assert.Equal(before, await DocumentsAsync(database));
        }
    }

    private async Task<IReadOnlyList<string>> DocumentsAsync(string database)
    {
        List<string> documents = [];
        var tables = await federation.RowsAsync(
            database,
            """
            select table_name::text from information_schema.tables
            where table_schema = 'traceability' and table_name like 'mt_doc_%' order by 1
            """);
        foreach (var table in tables)
        {
            documents.AddRange(await federation.RowsAsync(
                database, $"select id || ' ' || data::text from traceability.{table} order by id::text"));
        }

        return documents;
    }

    private async Task ARevocationMakesTheTotalIncompleteAsync(
        CompanyAtWork a, CompanyAtWork b, CompanyAtWork c, StoryParts parts)
    {
        await a.Releases.RevokeReleaseAsync(new RevokeReleaseRequest { TradeId = parts.TradeAb }, a.Call);

        var module = await b.WaitForAsync(parts.Module, footprint => !footprint.Complete, federation.Deadline);
        Assert.Equal(LineState.Withheld, module.Lines.Single().State);
        Assert.Equal("5.123456789", module.Figures.Total);
        var pack = await c.WaitForAsync(parts.Pack, footprint => !footprint.Complete, federation.Deadline);
        Assert.Equal("15.123456789", pack.Figures.Total);
    }
}
