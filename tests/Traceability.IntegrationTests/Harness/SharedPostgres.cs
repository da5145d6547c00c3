using Npgsql;
using Traceability.Local.Federation;
using Traceability.Local.PostgreSql;
using Traceability.Storage;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// One PostgreSQL for all tests of a run, started by the first that needs it. Databases on it are copied from one that has
/// the schema already; their names are nobody else's.
/// </summary>
internal static class SharedPostgres
{
    private const string Template = "template_traceability";

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly string Folder = Path.Combine(Path.GetTempPath(), $"traceability-test-{Guid.CreateVersion7():n}");
    private static readonly Lazy<Task<PrivatePostgres>> Started = new(() => Task.Run(StartAsync));

    public static Task<PrivatePostgres> GetAsync() => Started.Value;

    /// <summary>What a federation of tests stands on.</summary>
    /// <param name="apart">Whether each server is a process: where it is killed, or is what the test is about.</param>
    /// <param name="ownPostgres">Whether the server of the databases is the federation's own, to be stopped.</param>
    /// <param name="plain">A second door of every server, where they are in this process.</param>
    /// <param name="clock">Of every server, where they are in this process.</param>
    public static async Task<Ground> GroundAsync(
        bool apart, bool ownPostgres, PlainDoor? plain = null, MovableClock? clock = null)
    {
        var ground = ownPostgres
            ? new Ground()
            : new Ground
            {
                Postgres = await GetAsync(),
                BrokerDatabase = NewName("broker"),
                PrepareAsync = MakeAsync,
            };
        return apart
            ? ground
            : ground with { StartAsync = (start, token) => InProcessServer.StartAsync(start, token, plain, clock) };
    }

    public static string NewName(string prefix) => $"{prefix}_{Guid.CreateVersion7():n}";

    /// <summary>A database with the schema, for a server to open; it verifies what it finds as it always does.</summary>
    public static async Task MakeAsync(string database, CancellationToken cancellationToken)
    {
        // File by file: nothing of it has to be in the write-ahead log, because a crash would lose all of this anyway.
        var sql = $"create database {database} template {Template} strategy file_copy";
        await ExecuteAsync(await GetAsync(), sql, cancellationToken);
    }

    public static async Task DropAsync(IEnumerable<string> databases, CancellationToken cancellationToken)
    {
        foreach (var database in databases)
        {
            await ExecuteAsync(
                await GetAsync(), $"drop database if exists {database} with (force)", cancellationToken);
        }
    }

    /// <summary>After the last test.</summary>
    public static async Task StopAsync()
    {
        if (Started.IsValueCreated)
        {
            await (await Started.Value).DisposeAsync();
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static async Task<PrivatePostgres> StartAsync()
    {
        using var timer = new CancellationTokenSource(Deadline);
        var postgres = await PrivatePostgres.StartAsync(Folder, durable: false, timer.Token);
        await using (var databases = new EventDatabases(postgres.ConnectionString("postgres"), TimeProvider.System))
        {
            await databases.OpenAsync(Template, keys: null, timer.Token);
        }

        return postgres;
    }

    private static async Task ExecuteAsync(PrivatePostgres postgres, string sql, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString("postgres"));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
