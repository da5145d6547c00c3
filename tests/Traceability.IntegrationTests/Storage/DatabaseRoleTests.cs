using Npgsql;
using Traceability.Domain.Parts;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.PostgreSql;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Xunit;

namespace Traceability.IntegrationTests.Storage;

/// <summary>The role with which a server runs adds to history; it changes nothing in it, and makes no tables.</summary>
public sealed class DatabaseRoleTests(TwoNodes federation) : IClassFixture<TwoNodes>
{
    private const string Role = "somebody who runs";

    /// <summary>Of what history consists, each with a column to write to.</summary>
    private static readonly (string Table, string Column)[] History =
    [
        ("mt_events", "data"), ("mt_events", "timestamp"), ("log_leaf", "salt"), ("log_leaf", "leaf_hash"),
        ("log_node", "hash"), ("log_checkpoint", "note"), ("log_checkpoint", "cosigned"), ("decision", "reason"),
        ("decision", "batch"), ("key_log_leaf", "leaf"), ("key_log_checkpoint", "note"),
        ("key_log_cosignature", "line"), ("key_log_seen", "note"), ("key_alarm", "evidence"),
    ];

    private readonly LiveFederation _live = federation.Live;

    [Theory]
    [InlineData("broker")]
    [InlineData("node-one")]
    public async Task A_server_cannot_change_what_was_said(string server)
    {
        await using var source = NpgsqlDataSource.Create(_live.Processes.ConnectionString(DatabaseOf(server), server));
        foreach (var (table, column) in History)
        {
            await AssertRefusedAsync(source, $"update traceability.{table} set {column} = {column}");
            await AssertRefusedAsync(source, $"delete from traceability.{table}");
            await AssertRefusedAsync(source, $"truncate traceability.{table} cascade");
            await AssertRefusedAsync(source, $"alter table traceability.{table} disable trigger all");
            await AssertRefusedAsync(source, $"drop table traceability.{table} cascade");
        }

        await AssertRefusedAsync(source, "delete from traceability.mt_streams");
        await AssertRefusedAsync(source, "delete from traceability.migration");
        await AssertRefusedAsync(source, "create table traceability.mine (id int)");
        await AssertRefusedAsync(source, "set session_replication_role = replica");
        await AssertRefusedAsync(source, "create role another");
    }

    [Theory]
    [InlineData("broker")]
    [InlineData("node-one")]
    public async Task It_is_the_role_with_which_the_server_runs(string server)
    {
        var roles = await _live.Processes.RowsAsync(
            DatabaseOf(server),
            "select distinct usename::text from pg_stat_activity "
            + "where datname = current_database() and pid <> pg_backend_pid()",
            _live.Deadline);

        Assert.Equal([server], roles);
    }

    [Fact]
    public async Task A_server_has_no_way_into_the_database_of_another()
    {
        await using var source = NpgsqlDataSource.Create(
            _live.Processes.ConnectionString(DatabaseOf("node-one"), "node-two"));

        await AssertRefusedAsync(source, "select 1");
    }

    [Fact]
    public async Task What_is_granted_by_mistake_opens_nothing()
    {
        var (postgres, name) = await MakeAsync();
        await using var databases = Databases(postgres);
        await databases.OpenAsync(name, keys: null, _live.Deadline);
        await using var owner = NpgsqlDataSource.Create(postgres.ConnectionString(name));
        await ExecuteAsync(owner, $"grant all on all tables in schema traceability to \"{Role}\"");
        await using var running = NpgsqlDataSource.Create(postgres.ConnectionString(name, Role));

        foreach (var (table, column) in History)
        {
            await AssertRefusedAsync(running, $"update traceability.{table} set {column} = {column}", "only appended to");
            await AssertRefusedAsync(running, $"delete from traceability.{table}", "only appended to");
            await AssertRefusedAsync(running, $"truncate traceability.{table} cascade", "only appended to");
        }

        // And it is taken back at the next start.
        Assert.False((await databases.OpenAsync(name, keys: null, _live.Deadline)).MayRewriteHistory);
        await AssertRefusedAsync(running, "delete from traceability.mt_streams");
        await DropAsync(name);
    }

    [Fact]
    public async Task The_changes_that_history_goes_through_can_be_made_and_no_others()
    {
        var (postgres, name) = await MakeAsync();
        await using var databases = Databases(postgres);
        var database = await databases.OpenAsync(name, LogKeys.Of("log.example/roles", new byte[32]), _live.Deadline);
        await database.RecordAsync(
            "part/1", new PartRegistered(new(Guid.NewGuid()), "Cell", PartKind.Made, "kg", DateTimeOffset.UnixEpoch),
            _live.Deadline);
        await database.Log!.AppendAsync(_live.Deadline);
        var running = database.Source;

        foreach (var change in new[]
        {
            """data || '{"kind": null}'""", """data || '{"name": "other"}'""", """data || '{"more": "text"}'""",
            """data || '{"kind": 7}'""", "data - 'name'",
        })
        {
            await AssertRefusedAsync(running, Mask(change), "masked, and not changed");
        }

        await ExecuteAsync(running, Mask("""data || '{"name": "(masked)"}'"""));
        await ExecuteAsync(running, "call traceability.cosign_checkpoint(1, 'anything at all')");
        Assert.False((await database.Log.CheckpointAsync(_live.Deadline))!.Cosigned);
        await DropAsync(name);
    }

    [Fact]
    public async Task Without_its_owner_a_database_is_opened_as_it_is_or_not_at_all()
    {
        var (postgres, name) = await MakeAsync();
        await using (var databases = Databases(postgres))
        {
            await databases.OpenAsync(name, keys: null, _live.Deadline);
        }

        await using var alone = new EventDatabases(postgres.ConnectionString("postgres", Role), TimeProvider.System);
        Assert.False((await alone.OpenAsync(name, keys: null, _live.Deadline)).MayRewriteHistory);
        await using (var owner = NpgsqlDataSource.Create(postgres.ConnectionString(name)))
        {
            await ExecuteAsync(
                owner, "delete from traceability.migration where step = (select max(step) from traceability.migration)");
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => alone.OpenAsync(name, keys: null, _live.Deadline));
        Assert.Contains("ConnectionStrings:Owner", refused.Message, StringComparison.Ordinal);
        await DropAsync(name);
    }

    [Fact]
    public async Task Where_one_role_does_all_it_is_known()
    {
        var (postgres, name) = await MakeAsync();
        await using (var databases = new EventDatabases(postgres.ConnectionString("postgres"), TimeProvider.System))
        {
            Assert.True((await databases.OpenAsync(name, keys: null, _live.Deadline)).MayRewriteHistory);
        }

        await DropAsync(name);
    }

    private static string Mask(string masked) =>
        $"""
        do $body$
        declare masked jsonb := (select {masked} from traceability.mt_events);
        begin
            call traceability.mask_event('part/1', 1, masked);
        end $body$
        """;

    private static async Task AssertRefusedAsync(NpgsqlDataSource source, string sql, string says = "")
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(source, sql));
        Assert.True(refused.SqlState == PostgresErrorCodes.InsufficientPrivilege, $"{sql}: {refused.MessageText}");
        Assert.Contains(says, refused.MessageText, StringComparison.Ordinal);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static EventDatabases Databases(PrivatePostgres postgres) => new(
        postgres.ConnectionString("postgres", Role), TimeProvider.System, postgres.ConnectionString("postgres"));

    private string DatabaseOf(string server) => server == "broker"
        ? _live.Processes.BrokerDatabase
        : Harness.Databases.Of(_live.Processes.Company("supplier"));

    private async Task<(PrivatePostgres Postgres, string Name)> MakeAsync()
    {
        var name = SharedPostgres.NewName("roles");
        await SharedPostgres.MakeAsync(name, _live.Deadline);
        return (await SharedPostgres.GetAsync(), name);
    }

    private Task DropAsync(string name) => SharedPostgres.DropAsync([name], _live.Deadline);
}
