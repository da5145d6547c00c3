using System.Collections.Concurrent;
using JasperFx;
using Npgsql;

namespace Marten.Schema;

/// <summary>One database: its connections, and the tables that are known to be there.</summary>
internal sealed class MartenDatabase : IAsyncDisposable
{
    /// <summary>Any number will do, as long as all processes take the same.</summary>
    private const long MigrationLock = 0x4D41_5254_454E;

    private readonly ConcurrentDictionary<string, Lazy<Task>> _made = new(StringComparer.Ordinal);
    private readonly Func<Task> _create;
    private readonly StoreOptions _options;

    /// <param name="connectionString">Of this database.</param>
    /// <param name="server">Where to make the database if it is missing; null if it must be there.</param>
    /// <param name="options">Of the store.</param>
    public MartenDatabase(string connectionString, string? server, StoreOptions options)
    {
        _options = options;
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.EnableRecordsAsTuples();
        Connections = builder.Build();
        var name = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        _create = () => server is null ? Task.CompletedTask : CreateDatabaseAsync(server, name);
    }

    public NpgsqlDataSource Connections { get; }

    public Task EnsureEventsAsync() =>
        EnsureAsync("events", () => Ddl.Events(_options.DatabaseSchemaName));

    public Task EnsureDocumentAsync(Type type)
    {
        var mapping = _options.Schema.MappingOf(type);
        return EnsureAsync(mapping.Table, () => Ddl.Document(_options.DatabaseSchemaName, mapping));
    }

    public async Task EnsureAllAsync()
    {
        await EnsureEventsAsync();
        foreach (var type in _options.Schema.Mappings.Keys.ToArray())
        {
            await EnsureDocumentAsync(type);
        }
    }

    public ValueTask DisposeAsync() => Connections.DisposeAsync();

    private async Task EnsureAsync(string what, Func<string> ddl)
    {
        if (_options.AutoCreateSchemaObjects == AutoCreate.None)
        {
            return;
        }

        var making = _made.GetOrAdd(what, key => new(() => MakeAsync(ddl())));
        try
        {
            await making.Value;
        }
        catch
        {
            // The next caller tries again.
            _made.TryRemove(new(what, making));
            throw;
        }
    }

    /// <summary>Several processes may start at once: "if not exists" alone does not stop them from colliding.</summary>
    private async Task MakeAsync(string ddl)
    {
        await _create();
        await using var connection = await Connections.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(
            $"select pg_advisory_xact_lock({MigrationLock}); {ddl}", connection, transaction);
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    private static async Task CreateDatabaseAsync(string server, string name)
    {
        await using var source = NpgsqlDataSource.Create(server);
        await using (var find = source.CreateCommand("select 1 from pg_database where datname = $1"))
        {
            find.Parameters.AddWithValue(name);
            if (await find.ExecuteScalarAsync() is not null)
            {
                return;
            }
        }

        try
        {
            await using var create = source.CreateCommand($"create database \"{name.Replace("\"", "\"\"")}\"");
            await create.ExecuteNonQueryAsync();
        }
        catch (PostgresException exception) when (
            exception.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another process was faster.
        }
    }
}
