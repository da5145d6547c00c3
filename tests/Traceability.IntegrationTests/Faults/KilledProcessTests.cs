using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Storage;
using Xunit;

namespace Traceability.IntegrationTests.Faults;

/// <summary>A process that dies in the middle of the story and comes back: same figures, nothing twice.</summary>
public class KilledProcessTests(ApartFederation federation) : IClassFixture<ApartFederation>
{
    [Theory]
    [InlineData("declared", "broker")]
    [InlineData("requested", "broker")]
    [InlineData("requested", "node-A")]
    [InlineData("answered", "node-B")]
    [InlineData("answered", "broker")]
    public async Task The_story_completes_with_the_same_figures(string step, string process)
    {
        var parts = await federation.Story.PlayAsync(
            ("3", "5", "10"), at => at == step ? RestartAsync(process) : Task.CompletedTask, federation.Deadline);

        using var c = await federation.AtWorkAsync(Story.C);
        var pack = await c.WaitForTotalAsync(parts.Pack, "18", federation.Deadline);

        Assert.Equal("8", pack.Lines.Single().Figures.Total);
        await NothingHappenedTwiceAsync(parts);
    }

    private async Task RestartAsync(string process)
    {
        await federation.Processes.KillAsync(process);
        if (process == "broker")
        {
            await federation.Processes.StartBrokerAsync(federation.Deadline);
        }
        else
        {
            await federation.Processes.StartNodeAsync(process["node-".Length..], federation.Deadline);
        }
    }

    private async Task NothingHappenedTwiceAsync(StoryParts parts)
    {
        var buyer = EventDatabases.NameOf(new(federation.Processes.Company(Story.B).OperatorId));
        var received = await federation.RowsAsync(
            buyer,
            $"""
            select (data ->> 'version') from traceability.mt_events
            where type = 'upstream_total_received' and stream_id = 'upstream/{parts.TradeAb}' order by version
            """);
        Assert.Equal(received.Distinct(), received);

        var disclosed = await federation.RowsAsync(
            federation.Processes.BrokerDatabase,
            $"""
            select message_id::text from traceability.decision
            where trade_id in ('{parts.TradeAb}', '{parts.TradeBc}') and reason = ''
            """);
        Assert.Equal(disclosed.Distinct(), disclosed);
    }
}
