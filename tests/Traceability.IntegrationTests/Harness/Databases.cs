using Npgsql;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Traceability.Storage;

namespace Traceability.IntegrationTests.Harness;

/// <summary>What an administrator of the databases sees and can change.</summary>
internal static class Databases
{
    public static string Of(CompanyAtWork company) => Of(company.Company);

    public static string Of(Company company) => EventDatabases.NameOf(new(company.OperatorId));

    /// <summary>The first column of a query, as text.</summary>
    public static async Task<IReadOnlyList<string>> RowsAsync(
        this LocalFederation processes, string database, string sql, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(processes.ConnectionString(database));
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<string> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    public static async Task ExecuteAsync(
        this LocalFederation processes, string database, string sql, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(processes.ConnectionString(database));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
