using Google.Protobuf;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Disclosure;

/// <summary>Default is no: a new member with a valid token, beside companies at work, on the node of one of them.</summary>
public sealed class FreshOperatorTests(FreshOperator federation) : IClassFixture<FreshOperator>
{
    private readonly LiveFederation _live = federation.Live;

    [Fact]
    public async Task A_fresh_operator_reads_exactly_its_own_things()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        using var fresh = await _live.AtWorkAsync("fresh");
        var made = (await supplier.DeliverAsync(buyer, "6", _live.Deadline)).Made;
        var own = await fresh.RegisterAsync("own", PartKind.Made);

        Assert.Equal([own], (await fresh.Parts.ListPartsAsync(new(), fresh.Call)).Parts.Select(part => part.TraceId));
        Empty(await fresh.Trades.ListTradesAsync(new(), fresh.Call));
        Empty(await fresh.Trades.ListRemindersAsync(new(), fresh.Call));
        var progress = await fresh.Trades.GetTradeProgressAsync(new(), fresh.Call);
        Empty(progress.AsBuyer);
        Empty(progress.AsSupplier);
        Empty(await fresh.Releases.ListDisclosuresAsync(new(), fresh.Call));
        var keys = await new KeyService.KeyServiceClient(fresh.Channel).ListKeysAsync(new(), fresh.Call);
        Assert.Equal(["sealing", "signing"], keys.Keys.Select(key => key.Use).Order(StringComparer.Ordinal));
        using var export = fresh.Imports.ExportRecords(new(), fresh.Call);
        while (await export.ResponseStream.MoveNext(_live.Deadline))
        {
            Assert.All(export.ResponseStream.Current.Rows, row =>
                Assert.DoesNotContain(made, row.ToString(), StringComparison.Ordinal));
        }

        using var node = await FederationClient.ForNodeAsync(_live.Processes, "fresh", _live.Deadline);
        var log = new LogService.LogServiceClient(node.Channel);
        Empty(await log.ListAccessAsync(new(), node.Call));
        Empty(await log.ListDecisionsAsync(new(), node.Call));
    }

    [Fact]
    public async Task Decisions_are_read_by_those_they_concern_and_by_the_auditor_of_the_federation()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        var trade = (await supplier.DeliverAsync(buyer, "6", _live.Deadline)).Trade;

        using var auditor = await FederationClient.ForFederationAuditorAsync(_live.Processes, _live.Deadline);
        var seen = new Dictionary<string, Decision>();
        foreach (var name in new[] { "supplier", "buyer" })
        {
            using var node = await FederationClient.ForNodeAsync(_live.Processes, name, _live.Deadline);
            seen[name] = Assert.Single(await DecisionsAsync(node, ""), one => one.TradeId == trade && one.Disclosed);
        }

        seen["auditor"] = Assert.Single(await DecisionsAsync(auditor, ""), one => one.TradeId == trade && one.Disclosed);
        Assert.Single(seen.Values.Distinct());
        Assert.Empty(await DecisionsAsync(auditor, $"{_live.Processes.Company("fresh").OperatorId}"));
    }

    private static async Task<IEnumerable<Decision>> DecisionsAsync(FederationClient client, string operatorId) =>
        (await new LogService.LogServiceClient(client.Channel)
            .ListDecisionsAsync(new() { OperatorId = operatorId }, client.Call)).Decisions;

    /// <summary>Nothing in it: no entry, no page, no count but zero.</summary>
    private static void Empty(IMessage answer) => Assert.True(answer.CalculateSize() == 0, $"{answer}");
}

/// <summary>Two at work, and one that does nothing.</summary>
public sealed class FreshOperator()
    : ClassFederation([new("supplier", "one"), new("fresh", "one"), new("buyer", "two")]);
