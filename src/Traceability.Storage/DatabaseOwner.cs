using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Traceability.Storage;

/// <summary>
/// The role that makes one database and its tables, for as long as that takes. The role that runs afterwards is
/// another, and may no more than a running server does: it appends to history and cannot change it.
/// </summary>
internal sealed class DatabaseOwner : IAsyncDisposable
{
    private const string Schema = EventDatabases.Schema;

    /// <summary>What RFC 7677 asks for, and PostgreSQL takes.</summary>
    private const int ScramRounds = 4096;

    /// <summary>Beyond reading and appending. What is not named here is never changed once it is written.</summary>
    private static readonly (string Table, string Privileges)[] Changing =
    [
        ("mt_streams", "update (version, timestamp)"),
        ("outbox", "delete"),
        ("recalculation", "delete"),
        ("problem", "update (retry), delete"),
        ("exchange_cursor", "update (cursor)"),
        ("mailbox", "update (message)"),
        ("log_pending", "delete"),
        ("log_witnessed", "update"),
        ("message_sent", "update"),
        ("decision_cursor", "update (token)"),
    ];

    private readonly NpgsqlConnectionStringBuilder _running;
    private readonly string _name;
    private readonly bool _apart;

    private DatabaseOwner(NpgsqlDataSource source, NpgsqlConnectionStringBuilder running, string name, bool apart) =>
        (Source, _running, _name, _apart) = (source, running, name, apart);

    public NpgsqlDataSource Source { get; }

    /// <summary>Makes the database, and the role that runs, where they are missing.</summary>
    /// <param name="server">Connection string with the role that runs.</param>
    /// <param name="owner">With the role that owns. Null: one role does both.</param>
    /// <param name="name">The database.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<DatabaseOwner> OpenAsync(
        string server, string? owner, string name, CancellationToken cancellationToken)
    {
        var running = new NpgsqlConnectionStringBuilder(server);
        var owning = new NpgsqlConnectionStringBuilder(owner ?? server);
        var apart = owning.Username != running.Username;
        await using (var maintenance = NpgsqlDataSource.Create(owning))
        {
            await MakeDatabaseAsync(maintenance, name, cancellationToken);
            if (apart)
            {
                await MakeRoleAsync(maintenance, running, cancellationToken);
            }
        }

        owning.Database = name;
        return new(NpgsqlDataSource.Create(owning), running, name, apart);
    }

    /// <summary>Whether it may make tables; a role that only runs may not, and finds them made.</summary>
    public async Task<bool> MayMigrateAsync(CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(
            $"""
            select coalesce(
                has_schema_privilege(to_regnamespace('{Schema}'), 'create'),
                has_database_privilege(current_database(), 'create'))
            """);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Gives the role that runs what it works with, and takes from it whatever else it may have had.</summary>
    public async Task GrantAsync(IEnumerable<string> readModels, CancellationToken cancellationToken)
    {
        if (!_apart)
        {
            return;
        }

        var (role, database) = (Quoted(_running.Username!), Quoted(_name));
        string[] grants =
        [
            // Nobody else's role has any business here.
            $"revoke all on database {database} from public",
            $"grant connect on database {database} to {role}",
            $"revoke all on all tables in schema {Schema} from {role}",
            $"grant usage on schema {Schema} to {role}",
            $"grant usage on all sequences in schema {Schema} to {role}",
            $"grant execute on all routines in schema {Schema} to {role}",
            $"grant select, insert on all tables in schema {Schema} to {role}",
            $"revoke insert on {Schema}.migration from {role}",
            .. Changing.Select(one => $"grant {one.Privileges} on {Schema}.{one.Table} to {role}"),
            .. readModels.Select(table => $"grant update on {table} to {role}"),
        ];
        // One statement: whoever runs already never finds less than it needs.
        await using var command = Source.CreateCommand(
            $"do $grants$ begin {string.Join("; ", grants)}; end $grants$");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private static async Task MakeDatabaseAsync(
        NpgsqlDataSource maintenance, string name, CancellationToken cancellationToken)
    {
        await using var find = maintenance.CreateCommand("select from pg_database where datname = $1");
        find.Parameters.AddWithValue(name);
        await using (var found = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (found.HasRows)
            {
                return;
            }
        }

        try
        {
            await using var make = maintenance.CreateCommand($"create database {Quoted(name)}");
            await make.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (
            exception.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another process was faster.
        }
    }

    private static async Task MakeRoleAsync(
        NpgsqlDataSource maintenance, NpgsqlConnectionStringBuilder running, CancellationToken cancellationToken)
    {
        await using var find = maintenance.CreateCommand("select from pg_roles where rolname = $1");
        find.Parameters.AddWithValue(running.Username!);
        await using (var found = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (found.HasRows)
            {
                return;
            }
        }

        var password = running.Password is { Length: > 0 } secret ? $" password '{Verifier(secret)}'" : "";
        try
        {
            await using var make = maintenance.CreateCommand(
                $"create role {Quoted(running.Username!)} login{password}");
            await make.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException exception) when (
            exception.SqlState is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation)
        {
            // Another process was faster.
        }
    }

    /// <summary>
    /// What the server keeps of a password (SCRAM-SHA-256): its log may show statements, and shows no more.
    /// </summary>
    private static string Verifier(string password)
    {
        if (!Ascii.IsValid(password))
        {
            throw new InvalidOperationException(
                "The password of ConnectionStrings:Server must be of ASCII characters for its role to be made.");
        }

        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password, salt, ScramRounds, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${ScramRounds}:{Convert.ToBase64String(salt)}"
            + $"${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
