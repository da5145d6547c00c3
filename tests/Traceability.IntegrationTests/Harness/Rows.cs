using Npgsql;
using Traceability.Local.Federation;

namespace Traceability.IntegrationTests.Harness;

/// <summary>Every row of every table of one database at one time, as text: nothing is only counted.</summary>
internal sealed class Rows
{
    private readonly HashSet<(string Table, string Text)> _all = [];

    private Rows()
    {
    }

    /// <param name="processes">Where the database is.</param>
    /// <param name="database">Its name.</param>
    /// <param name="moving">Tables of positions, whose rows move on with every message and are no record.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<Rows> ReadAsync(
        LocalFederation processes, string database, string[] moving, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(processes.ConnectionString(database));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var rows = new Rows();
        var tables = await TextsAsync(
            "select table_schema || '.' || table_name from information_schema.tables "
            + "where table_schema in ('traceability', 'identity') and table_type = 'BASE TABLE'");
        foreach (var table in tables.Except(moving))
        {
            rows._all.UnionWith((await TextsAsync($"select to_jsonb(t)::text from {table} t")).Select(text => (table, text)));
        }

        return rows;

        async Task<List<string>> TextsAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, snapshot);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            List<string> texts = [];
            while (await reader.ReadAsync(cancellationToken))
            {
                texts.Add(reader.GetString(0));
            }

            return texts;
        }
    }

    public int Count => _all.Count;

    /// <summary>What is no longer as it was, and what came to it, but for what is about somebody.</summary>
    public IEnumerable<string> ChangedIn(Rows later, IReadOnlyCollection<string> about) =>
        _all.Except(later._all).Select(row => $"gone: {row}").Concat(later._all.Except(_all).Select(row => $"new: {row}"))
            .Where(row => !about.Any(one => row.Contains(one, StringComparison.Ordinal)));
}
