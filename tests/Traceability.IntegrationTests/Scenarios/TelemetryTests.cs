using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Storage;
using Xunit;

namespace Traceability.IntegrationTests.Scenarios;

/// <summary>What servers tell a collector: enough to follow a command through the chain, and no secret.</summary>
public class TelemetryTests(ApartFederation federation) : IClassFixture<ApartFederation>
{
    [Fact]
    public async Task Traces_run_through_all_servers_and_carry_no_secret()
    {
        await using var collector = await Collector.StartAsync();
        federation.Processes.Collector = collector.Address;
        await RestartAsync();

        var parts = await federation.Story.PlayAsync(
            ("3", "5.123456789", "10"), _ => Task.CompletedTask, federation.Deadline);
        using var c = await federation.AtWorkAsync(Story.C);
        await c.WaitForTotalAsync(parts.Pack, "18.123456789", federation.Deadline);

        // Whoever ends sends what it still has.
        await federation.Processes.StopAsync("node-A");
        await federation.Processes.StopAsync("broker");
        var (broker, nodes) = (collector.SentBy("traceability-broker"), collector.SentBy("traceability-node"));

        Assert.Contains("traceability.broker.v1.ExchangeService/SubmitDisclosure", broker, StringComparison.Ordinal);
        Assert.Contains(await TraceAsync(parts), broker, StringComparison.Ordinal);
        Assert.Contains("send disclosure", nodes, StringComparison.Ordinal);
        Assert.All(["rpc.method", "db.system.name"], meaning => Assert.Contains(meaning, broker + nodes, StringComparison.Ordinal));
        foreach (var secret in new[] { "5.123456789", "8.123456789", "18.123456789", "cathode", "battery pack", "order 4711" })
        {
            Assert.DoesNotContain(secret, broker + nodes, StringComparison.OrdinalIgnoreCase);
        }
    }

    private async Task RestartAsync()
    {
        await federation.Processes.StopAsync("broker");
        await federation.Processes.StartBrokerAsync(federation.Deadline);
        foreach (var company in Story.Companies)
        {
            await federation.Processes.StopAsync($"node-{company}");
            await federation.Processes.StartNodeAsync(company, federation.Deadline);
        }
    }

    /// <summary>The trace that led to C's total, as OTLP carries it: sixteen bytes.</summary>
    private async Task<string> TraceAsync(StoryParts parts)
    {
        var traces = await federation.RowsAsync(
            EventDatabases.NameOf(new(federation.Processes.Company(Story.C).OperatorId)),
            $"""
            select split_part(correlation_id, '-', 2) from traceability.mt_events
            where type = 'footprint_rolled_up' and stream_id = 'footprint/{parts.Pack}' order by version desc limit 1
            """);
        return System.Text.Encoding.Latin1.GetString(Convert.FromHexString(traces.Single()));
    }
}
