using Npgsql;
using Traceability.Local.PostgreSql;
using Xunit;

namespace Traceability.StandinTests.Marten;

/// <summary>A PostgreSQL for the tests of one class.</summary>
public sealed class Server : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-standin-").FullName;
    private PrivatePostgres? _postgres;
    private int _databases;

    public string ConnectionString => _postgres!.ConnectionString("postgres");

    public async Task InitializeAsync() =>
        _postgres = await PrivatePostgres.StartAsync(_folder, durable: false, CancellationToken.None);

    /// <summary>A new, empty database.</summary>
    public async Task<string> DatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await RowsAsync(ConnectionString, $"create database {name}");
        return _postgres!.ConnectionString(name);
    }

    /// <summary>The rows of a query, as text.</summary>
    public static async Task<IReadOnlyList<string>> RowsAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    public async Task DisposeAsync()
    {
        await _postgres!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
