using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Proofs.Logs;
using Xunit;

namespace Traceability.IntegrationTests.Audit;

/// <summary>The broker cannot rewrite what it decided: its members have seen its log.</summary>
public sealed class DecisionLogTests : IAsyncLifetime
{
    private const string Table = "traceability.decision";

    private LiveFederation _live = null!;
    private FederationClient _auditor = null!;

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync([new("supplier", "one"), new("buyer", "two")]);
        await _live.EnrolAsync();
        _auditor = await FederationClient.ForFederationAuditorAsync(_live.Processes, _live.Deadline);
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        var (made, bought, _) = await supplier.DeliverAsync(buyer, "1", _live.Deadline);
        for (var kilograms = 2; kilograms <= 6; kilograms++)
        {
            await supplier.DeclareAsync(made, $"{kilograms}");
            await buyer.WaitForTotalAsync(bought, $"{kilograms}", _live.Deadline);
        }
    }

    [Fact]
    public async Task Every_decision_is_logged_and_what_is_changed_is_named()
    {
        await WaitForBatchesAsync();
        var report = await CheckAsync();
        Assert.Empty(report.Findings);
        Assert.True(report.Decisions >= 6, $"{report.Decisions} decisions");

        await ExecuteAsync($"create table public.kept as select * from {Table}");
        foreach (var (what, sql, named) in new[]
        {
            ("changed: why", $"update {Table} set purpose = 'audit' where {{one}}", "Decision"),
            ("changed: who", $"update {Table} set buyer_id = gen_random_uuid() where {{one}}", "Decision"),
            ("changed: when", $"update {Table} set decided_at = decided_at - interval '1 second' where {{one}}", "Decision"),
            ("changed: refused", $"update {Table} set reason = 'NOT_RELEASED' where {{one}}", "Decision"),
            ("dropped", $"delete from {Table} where {{one}}", "Batch"),
            ("inserted", Insert("null, null"), "Decision"),
            ("inserted, with the seal of another", Insert("salt, seal"), "Decision"),
            ("twice, as if decided again", Insert("salt, seal", "message_id"), "Batch"),
            ("moved to another batch", $"update {Table} set batch = batch + 1 where {{one}}", "Batch"),
            ("seal taken away", $"update {Table} set seal = null where {{one}}", "Decision"),
            ("truncated", $"truncate {Table}", "Batch"),
        })
        {
            await ExecuteAsync(sql.Replace(
                "{one}", $"id = (select id from {Table} order by random() limit 1)", StringComparison.Ordinal));
            var found = (await CheckAsync()).Findings;
            Assert.True(
                found.Any(one => one.What.StartsWith(named, StringComparison.Ordinal)), $"{what}: {string.Join("; ", found)}");
            await ExecuteAsync($"truncate {Table}; insert into {Table} overriding system value select * from public.kept");
            Assert.Empty((await CheckAsync()).Findings);
        }

        static string Insert(string proof, string message = "gen_random_uuid()") =>
            $"insert into {Table} (supplier_id, buyer_id, trade_id, message_id, purpose, reason, decided_at, batch, salt, seal) "
            + $"select supplier_id, buyer_id, trade_id, {message}, purpose, reason, decided_at, batch, {proof} from {Table} "
            + "where {one}";
    }

    [Fact]
    public async Task A_broker_whose_log_was_cut_off_is_found_by_what_a_member_has_seen()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        await WaitForBatchesAsync();
        var seen = await SeenAsync(supplier);
        Assert.Empty((await CheckAsync(seen)).Findings);
        var size = Checkpoint.Parse(SignedNote.Parse(seen).Text).Size;

        await _live.Processes.StopAsync("broker");
        await ExecuteAsync($"""
            set search_path to traceability;
            delete from mt_events e using log_leaf l
                where (e.stream_id, e.version) = (l.stream_id, l.version) and l.idx >= {size - 1};
            delete from log_leaf where idx >= {size - 1};
            delete from log_node where ((idx + 1) << level) > {size - 1};
            delete from log_checkpoint where size > {size - 1}
            """);
        await _live.Processes.StartBrokerAsync(_live.Deadline);
        using var auditor = await FederationClient.ForFederationAuditorAsync(_live.Processes, _live.Deadline);
        var log = new LogService.LogServiceClient(auditor.Channel);

        var alone = await log.CheckLogAsync(new(), auditor.Call);
        var told = await log.CheckLogAsync(new() { SeenCheckpoints = { seen } }, auditor.Call);

        Assert.DoesNotContain(alone.Findings, one => one.Problem.Contains("a witness", StringComparison.Ordinal));
        Assert.Contains(told.Findings, one => one.Problem.Contains($"a witness has seen {size}", StringComparison.Ordinal));
    }

    public async Task DisposeAsync()
    {
        _auditor.Dispose();
        await _live.DisposeAsync();
    }

    private async Task<CheckLogResponse> CheckAsync(params string[] seen) =>
        await new LogService.LogServiceClient(_auditor.Channel).CheckLogAsync(
            new() { SeenCheckpoints = { seen } }, _auditor.Call);

    private Task WaitForBatchesAsync() => Wait.UntilAsync(
        async () => (await _live.Processes.RowsAsync(
                _live.Processes.BrokerDatabase, $"select 'waits' from {Table} where batch is null", _live.Deadline)).Count == 0
            && (await CheckAsync()).Waiting == 0,
        _live.Deadline);

    /// <summary>Waits until the company's node has looked at the broker's log as it stands.</summary>
    private async Task<string> SeenAsync(CompanyAtWork company)
    {
        var audit = new AuditService.AuditServiceClient(company.Channel);
        var newest = Checkpoint.Parse(SignedNote.Parse((await CheckAsync()).Checkpoint).Text).Size;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            var seen = (await audit.CheckHistoryAsync(new(), company.Call)).BrokerCheckpoint;
            if (seen.Length > 0 && Checkpoint.Parse(SignedNote.Parse(seen).Text).Size >= newest)
            {
                return seen;
            }

            await timer.WaitForNextTickAsync(_live.Deadline);
        }
    }

    private Task ExecuteAsync(string sql) => _live.Processes.ExecuteAsync(_live.Processes.BrokerDatabase, sql, _live.Deadline);
}
