using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Proofs.Logs;
using Xunit;

namespace Traceability.IntegrationTests.Audit;

/// <summary>The tamper-evident log of live nodes, with the broker as witness.</summary>
public sealed class HistoryTests(TwoNodes federation) : IClassFixture<TwoNodes>
{
    private readonly LiveFederation _live = federation.Live;

    [Fact]
    public async Task Every_event_is_logged_and_the_broker_cosigns()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        using var buyer = await _live.NewCompanyAsync("two");
        await supplier.DeliverAsync(buyer, "6", _live.Deadline);
        foreach (var company in new[] { supplier, buyer })
        {
            var report = await LoggedAsync(company);

            Assert.Empty(report.Findings);
            Assert.True(report.Leaves >= 4, $"{report.Leaves} leaves");
            var note = SignedNote.Parse(report.CosignedCheckpoint);
            var origin = LogKeys.OriginOf(company.Company.OperatorId);
            Assert.Equal(origin, Checkpoint.Parse(note.Text).Origin);

            // What the witness remembers is what it has given out, to the last byte.
            var remembered = await _live.Processes.RowsAsync(
                _live.Processes.BrokerDatabase, $"select note from traceability.log_witnessed where origin = '{origin}'", _live.Deadline);
            Assert.Equal(report.CosignedCheckpoint, Assert.Single(remembered));
        }
    }

    [Fact]
    public async Task What_an_administrator_of_the_database_changes_is_found_and_named()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        var part = await supplier.RegisterAsync("honest", PartKind.Made);
        await supplier.DeclareAsync(part, "3");
        await LoggedAsync(supplier);

        await _live.ExecuteAsync(
            supplier,
            "update traceability.mt_events set data = jsonb_set(data, '{name}', '\"changed\"') "
                + $"where stream_id = 'part/{part}' and type = 'part_registered'");

        var report = await CheckAsync(supplier);
        var finding = Assert.Single(report.Findings);
        Assert.Contains($"part_registered (part/{part}, version 1)", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_people_wrote_is_masked_and_history_stays_provable()
    {
        const string Written = "Ask Hanako Sato on +81 3 0000 0000";
        using var supplier = await _live.NewCompanyAsync("one");
        using var buyer = await _live.NewCompanyAsync("two");
        var audit = new AuditService.AuditServiceClient(buyer.Channel);
        var trade = await buyer.RequestAsync(
            supplier.Company, await buyer.RegisterAsync("bought", PartKind.Bought), Written);
        var before = Note(await LoggedAsync(buyer));

        var masked = await audit.MaskTradeAsync(new() { TradeId = trade, Reason = "asked for" }, buyer.Call);
        var again = await audit.MaskTradeAsync(new() { TradeId = trade, Reason = "asked for" }, buyer.Call);

        Assert.Equal((1, 0), (masked.Masked, again.Masked));
        var report = await LoggedAsync(buyer, before.Size + 1);
        Assert.Empty(report.Findings);
        Assert.Equal(1, report.Masked);
        Assert.Empty((await audit.CheckReadModelsAsync(new(), buyer.Call)).Differences);
        Assert.Equal("(masked)", (await buyer.Trades.GetTradeAsync(new() { TradeId = trade }, buyer.Call)).Trade.Message);
        var tables = await _live.RowsAsync(
            buyer, "select table_name::text from information_schema.tables where table_schema = 'traceability'");
        foreach (var table in tables)
        {
            var rows = await _live.RowsAsync(buyer, $"select to_jsonb(t)::text from traceability.{table} t");
            Assert.All(rows, row => Assert.DoesNotContain("Hanako", row, StringComparison.Ordinal));
        }

        // What is left of it cannot be changed under its name, and nothing is masked without a record.
        await _live.ExecuteAsync(
            buyer,
            "update traceability.mt_events set data = jsonb_set(data, '{supplierId}', data -> 'buyerId') "
                + "where type = 'trade_requested'");
        var changed = Assert.Single((await CheckAsync(buyer)).Findings);
        Assert.Contains("trade_requested", changed.What, StringComparison.Ordinal);
        Assert.Contains("what was left of it", changed.Problem, StringComparison.Ordinal);
        var stranger = await Refusals.AnswerAsync(
            async id => await audit.MaskTradeAsync(new() { TradeId = id, Reason = "x" }, buyer.Call),
            $"{Guid.CreateVersion7()}");
        Assert.StartsWith("PermissionDenied", stranger, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_models_are_what_their_events_lead_to_also_while_others_write()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        using var buyer = await _live.NewCompanyAsync("two");
        await supplier.DeliverAsync(buyer, "6", _live.Deadline);
        var audit = new AuditService.AuditServiceClient(supplier.Channel);
        var part = await supplier.RegisterAsync("busy", PartKind.Made);
        var writing = Task.Run(async () =>
        {
            for (var kilograms = 1; kilograms <= 100; kilograms++)
            {
                await supplier.DeclareAsync(part, $"{kilograms}");
            }
        });
        do
        {
            var report = await audit.CheckReadModelsAsync(new(), supplier.Call);
            Assert.Empty(report.Differences);
            Assert.True(report.Streams >= 6, $"{report.Streams} streams");
        }
        while (!writing.IsCompleted);

        await writing;
        await _live.ExecuteAsync(supplier, $"""
            update traceability.mt_doc_part set data = jsonb_set(data, '{"{name}"}', '"other"') where id = 'part/{part}';
            delete from traceability.mt_doc_footprint where id = 'footprint/{part}';
            insert into traceability.mt_doc_trade select 'trade/none', data from traceability.mt_doc_trade limit 1;
            insert into traceability.mt_doc_release (id, data) values ('release/none', '"text"')
            """);
        var differences = (await audit.CheckReadModelsAsync(new(), supplier.Call)).Differences;
        Assert.Equal(
            [$"footprint/{part}", $"part/{part}", "release/none", "trade/none"],
            differences.Select(one => one.What).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_node_with_an_older_backup_stops_and_says_what_to_do()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        await supplier.DeclareAsync(await supplier.RegisterAsync("part", PartKind.Made), "3");
        await LoggedAsync(supplier);

        await _live.Processes.StopAsync("node-one");
        await _live.ExecuteAsync(supplier, """
            set search_path to traceability;
            delete from mt_events e using log_leaf l
                where (e.stream_id, e.version) = (l.stream_id, l.version) and l.idx >= 1;
            delete from log_leaf where idx >= 1;
            delete from log_node;
            delete from log_checkpoint
            """);

        await _live.Processes.StartNodeAsync("one", _live.Deadline);
        using var again = await _live.AtWorkAsync(supplier.Company.Name);
        var refused = await Assert.ThrowsAsync<RpcException>(() => again.RegisterAsync("more", PartKind.Made));
        Assert.Equal("HISTORY_BROKEN", Refusals.Reason(refused));
        Assert.Contains("an older backup was restored", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("Restore a newer one", refused.Status.Detail, StringComparison.Ordinal);

        // What is missing can still be asked for.
        var report = await CheckAsync(again);
        Assert.Contains(report.Findings, one => one.Problem.Contains("a witness has seen", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stopped_operator_does_nothing_more_and_forgets_nothing()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        using var buyer = await _live.NewCompanyAsync("two");
        var delivery = await supplier.DeliverAsync(buyer, "3", _live.Deadline);
        await LoggedAsync(supplier);
        await _live.ExecuteAsync(supplier, "truncate traceability.log_leaf, traceability.log_node, traceability.log_checkpoint");
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            // A change makes the log go on, which is when the witness finds out.
            for (var kilograms = 4; ; kilograms++)
            {
                await supplier.DeclareAsync(delivery.Made, $"{kilograms}");
            }
        });
        foreach (var what in new[] { "sender", "receiver" })
        {
            var end = $"The {what} of operator {supplier.Company.OperatorId} has ended";
            await Wait.UntilAsync(
                () => Task.FromResult(_live.Processes.Log("node-one").Contains(end, StringComparison.Ordinal)),
                _live.Deadline);
        }

        await _live.ExecuteAsync(
            supplier,
            "insert into traceability.outbox (kind, key, payload, traceparent) "
            + $"values ('disclosure', '{delivery.Trade}', '', '')");
        var waiting = await _live.RowsAsync(supplier, "select id::text from traceability.outbox order by id");
        await buyer.RequestAsync(supplier.Company, await buyer.RegisterAsync("more", PartKind.Bought), "");
        await Wait.UntilAsync(
            async () => (await _live.Processes.RowsAsync(
                _live.Processes.BrokerDatabase,
                "select 'waits' from traceability.mailbox where message is not null "
                    + $"and recipient_id = '{supplier.Company.OperatorId}'",
                _live.Deadline)).Count > 0,
            _live.Deadline);

        Assert.NotEmpty(waiting);
        Assert.Equal(
            waiting, await _live.RowsAsync(supplier, "select id::text from traceability.outbox order by id"));
        Assert.Single(await _live.RowsAsync(supplier, "select id from traceability.mt_doc_trade"));
    }

    [Fact]
    public async Task Two_auditors_who_were_shown_different_histories_find_out_from_two_checkpoints()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        await supplier.RegisterAsync("part", PartKind.Made);
        var one = Note(await LoggedAsync(supplier));
        await supplier.RegisterAsync("another", PartKind.Made);
        var later = Note(await LoggedAsync(supplier));
        var proof = await new AuditService.AuditServiceClient(supplier.Channel).ProveConsistencyAsync(
            new() { OldSize = one.Size, Size = later.Size }, supplier.Call);
        byte[][] hashes = [.. proof.Hashes.Select(hash => hash.ToByteArray())];
        var forged = MerkleTree.LeafHash([1]);

        Assert.True(MerkleTree.Extends(one.Root, one.Size, later.Root, later.Size, hashes));
        Assert.False(MerkleTree.Extends(forged, one.Size, later.Root, later.Size, hashes));

        // A checkpoint of another history that was signed with the log's own key is found by the next check.
        var signer = SignerOf(supplier.Company, "one");
        var fork = signer.Sign(new Checkpoint(one.Origin, one.Size, forged).Text).ToString();
        var report = await new AuditService.AuditServiceClient(supplier.Channel).CheckHistoryAsync(
            new() { SeenCheckpoints = { fork } }, supplier.Call);
        var finding = Assert.Single(report.Findings);
        Assert.Equal($"Checkpoint {one.Size}", finding.What);
        using var node = await FederationClient.ForNodeAsync(_live.Processes, supplier.Company.Name, _live.Deadline);
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await new WitnessService.WitnessServiceClient(node.Channel).AddCheckpointAsync(
                new() { Checkpoint = fork, OldSize = one.Size }, node.Call));
        Assert.Equal("STALE_VERSION", Refusals.Reason(refused));
        var rewritten = signer.Sign(new Checkpoint(one.Origin, later.Size, forged).Text).ToString();
        refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await new WitnessService.WitnessServiceClient(node.Channel).AddCheckpointAsync(
                new() { Checkpoint = rewritten, OldSize = later.Size }, node.Call));
        Assert.Equal("HISTORY_REWRITTEN", Refusals.Reason(refused));
    }

    [Fact]
    public async Task A_witness_refuses_what_does_not_continue_what_it_has_cosigned()
    {
        using var supplier = await _live.NewCompanyAsync("one");
        await supplier.RegisterAsync("part", PartKind.Made);
        var seen = await LoggedAsync(supplier);
        using var node = await FederationClient.ForNodeAsync(_live.Processes, "buyer", _live.Deadline);
        var witness = new WitnessService.WitnessServiceClient(node.Channel);

        var another = await Refusals.AnswerAsync(
            async _ => await witness.AddCheckpointAsync(new() { Checkpoint = seen.CosignedCheckpoint }, node.Call), "none");
        var hidden = await Refusals.AnswerAsync(
            async id => await witness.GetCheckpointAsync(new() { Origin = id }, node.Call),
            LogKeys.OriginOf(supplier.Company.OperatorId));
        var nothing = await Refusals.AnswerAsync(
            async id => await witness.GetCheckpointAsync(new() { Origin = id }, node.Call),
            LogKeys.OriginOf(Guid.CreateVersion7()));

        Assert.StartsWith("PermissionDenied", another, StringComparison.Ordinal);
        Assert.Equal(nothing, hidden);
    }

    /// <summary>The log's own key, as whoever runs the node could use it.</summary>
    private NoteSigner SignerOf(Company company, string node) => LogKeys.Of(
        LogKeys.OriginOf(company.OperatorId), KeysByHand.Read(_live.Processes, company, node, "log.key")).Signer;

    private static Checkpoint Note(CheckHistoryResponse report) =>
        Checkpoint.Parse(SignedNote.Parse(report.CosignedCheckpoint).Text);

    /// <summary>Waits until all that was done is logged and cosigned.</summary>
    private async Task<CheckHistoryResponse> LoggedAsync(CompanyAtWork company, long atLeast = 1)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var report = await CheckAsync(company);
            var cosigned = report.CosignedCheckpoint.Length == 0
                ? 0
                : Checkpoint.Parse(SignedNote.Parse(report.CosignedCheckpoint).Text).Size;
            if (report.Waiting == 0 && report.Leaves >= atLeast && cosigned == report.Leaves)
            {
                return report;
            }

            await timer.WaitForNextTickAsync(_live.Deadline);
        }
    }

    private static async Task<CheckHistoryResponse> CheckAsync(CompanyAtWork company) =>
        await new AuditService.AuditServiceClient(company.Channel).CheckHistoryAsync(new(), company.Call);
}
