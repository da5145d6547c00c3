using Grpc.Core;
using Npgsql;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Xunit;

namespace Traceability.IntegrationTests.Audit;

/// <summary>The tamper-evident log of live nodes, with the broker as witness.</summary>
public sealed class HistoryTests : IAsyncLifetime
{
    private LiveFederation _live = null!;

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync([new("supplier", "one"), new("buyer", "two")]);
        await _live.EnrolAsync();
    }

    [Fact]
    public async Task Every_event_is_logged_and_the_broker_cosigns()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        await TradeAsync(supplier, buyer);
        foreach (var company in new[] { supplier, buyer })
        {
            var report = await LoggedAsync(company);

            Assert.Empty(report.Findings);
            Assert.True(report.Leaves >= 4, $"{report.Leaves} leaves");
            var note = SignedNote.Parse(report.CosignedCheckpoint);
            Assert.Equal(LogKeys.OriginOf(company.Company.OperatorId), Checkpoint.Parse(note.Text).Origin);
        }
    }

    [Fact]
    public async Task What_an_administrator_of_the_database_changes_is_found_and_named()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        var part = await supplier.RegisterAsync("honest", PartKind.Made);
        await supplier.DeclareAsync(part, "3");
        await LoggedAsync(supplier);

        await ExecuteAsync(
            supplier,
            "update traceability.mt_events set data = jsonb_set(data, '{name}', '\"changed\"') "
                + $"where stream_id = 'part/{part}' and type = 'part_registered'");

        var report = await CheckAsync(supplier);
        var finding = Assert.Single(report.Findings);
        Assert.Contains($"part_registered (part/{part}, version 1)", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_models_are_what_their_events_lead_to_also_while_others_write()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        using var buyer = await _live.AtWorkAsync("buyer");
        await TradeAsync(supplier, buyer);
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
        await ExecuteAsync(supplier, $"""
            update traceability.mt_doc_part set data = jsonb_set(data, '{"{name}"}', '"other"') where id = 'part/{part}';
            delete from traceability.mt_doc_footprint where id = 'footprint/{part}';
            insert into traceability.mt_doc_trade select 'trade/none', data from traceability.mt_doc_trade limit 1
            """);
        var differences = (await audit.CheckReadModelsAsync(new(), supplier.Call)).Differences;
        Assert.Equal(
            [$"footprint/{part}", $"part/{part}", "trade/none"],
            differences.Select(one => one.What).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_node_with_an_older_backup_stops_and_says_what_to_do()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
        await supplier.DeclareAsync(await supplier.RegisterAsync("part", PartKind.Made), "3");
        await LoggedAsync(supplier);

        await _live.Processes.StopAsync("node-one");
        await ExecuteAsync(supplier, """
            set search_path to traceability;
            delete from mt_events e using log_leaf l
                where (e.stream_id, e.version) = (l.stream_id, l.version) and l.idx >= 1;
            delete from log_leaf where idx >= 1;
            delete from log_node;
            delete from log_checkpoint
            """);

        await _live.Processes.StartNodeAsync("one", _live.Deadline);
        using var again = await _live.AtWorkAsync("supplier");
        var refused = await Assert.ThrowsAsync<RpcException>(() => again.RegisterAsync("more", PartKind.Made));
        Assert.Equal("HISTORY_BROKEN", Refusals.Reason(refused));
        Assert.Contains("an older backup was restored", refused.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("Restore a newer one", refused.Status.Detail, StringComparison.Ordinal);

        // What is missing can still be asked for.
        var report = await CheckAsync(again);
        Assert.Contains(report.Findings, one => one.Problem.Contains("a witness has seen", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_auditors_who_were_shown_different_histories_find_out_from_two_checkpoints()
    {
        using var supplier = await _live.AtWorkAsync("supplier");
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
        var signer = SignerOf(supplier.Company, "supplier", "one");
        var fork = signer.Sign(new Checkpoint(one.Origin, one.Size, forged).Text).ToString();
        var report = await new AuditService.AuditServiceClient(supplier.Channel).CheckHistoryAsync(
            new() { SeenCheckpoints = { fork } }, supplier.Call);
        var finding = Assert.Single(report.Findings);
        Assert.Equal($"Checkpoint {one.Size}", finding.What);
        using var node = await FederationClient.ForNodeAsync(_live.Processes, "supplier", _live.Deadline);
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
        using var supplier = await _live.AtWorkAsync("supplier");
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

    public async Task DisposeAsync() => await _live.DisposeAsync();

    /// <summary>The log's own key, as whoever runs the node could use it.</summary>
    private NoteSigner SignerOf(Company company, string name, string node)
    {
        var secret = File.ReadAllText(_live.Processes.KeySecretFile(node)).Trim();
        var log = File.ReadAllText(Path.Combine(_live.Processes.KeyFolder(name), "log.key"));
        return LogKeys.Of(LogKeys.OriginOf(company.OperatorId), SecretBox.Open(secret, log)).Signer;
    }

    private static Checkpoint Note(CheckHistoryResponse report) =>
        Checkpoint.Parse(SignedNote.Parse(report.CosignedCheckpoint).Text);

    private async Task TradeAsync(CompanyAtWork supplier, CompanyAtWork buyer)
    {
        var (made, bought) = (
            await supplier.RegisterAsync("made", PartKind.Made), await buyer.RegisterAsync("bought", PartKind.Bought));
        await supplier.DeclareAsync(made, "6");
        await supplier.AnswerAsync(await buyer.RequestAsync(supplier.Company, bought, ""), made, _live.Deadline);
        await buyer.WaitForTotalAsync(bought, "6", _live.Deadline);
    }

    /// <summary>Waits until all that was done is logged and cosigned.</summary>
    private async Task<CheckHistoryResponse> LoggedAsync(CompanyAtWork company)
    {
        while (true)
        {
            var report = await CheckAsync(company);
            var cosigned = report.CosignedCheckpoint.Length == 0
                ? 0
                : Checkpoint.Parse(SignedNote.Parse(report.CosignedCheckpoint).Text).Size;
            if (report.Waiting == 0 && report.Leaves > 0 && cosigned == report.Leaves)
            {
                return report;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _live.Deadline);
        }
    }

    private static async Task<CheckHistoryResponse> CheckAsync(CompanyAtWork company) =>
        await new AuditService.AuditServiceClient(company.Channel).CheckHistoryAsync(new(), company.Call);

    private async Task ExecuteAsync(CompanyAtWork company, string sql)
    {
        await using var source = NpgsqlDataSource.Create(
            _live.Processes.ConnectionString($"operator_{company.Company.OperatorId:n}"));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(_live.Deadline);
    }
}
