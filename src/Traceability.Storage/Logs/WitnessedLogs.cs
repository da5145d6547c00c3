using Npgsql;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>The last checkpoint of every log that this process watches: a witness must never forget.</summary>
public static class WitnessedLogs
{
    private const string Table = $"{EventDatabases.Schema}.log_witnessed";

    public static async Task<string?> ReadAsync(
        NpgsqlDataSource source, string origin, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select note from {Table} where origin = $1");
        command.Parameters.AddWithValue(origin);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>
    /// Judges a checkpoint by what was seen last, and remembers it before anybody is told; one at a time for each log.
    /// </summary>
    /// <param name="source">The database.</param>
    /// <param name="origin">The log.</param>
    /// <param name="judge">From the last that was seen to the verdict.</param>
    /// <param name="note">What is remembered of an accepted one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<(WitnessAnswer Answer, long SeenSize)> JudgeAsync(
        NpgsqlDataSource source, string origin, Func<Checkpoint?, WitnessAnswer> judge, Func<string> note,
        CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var take = new NpgsqlCommand(
            $"""
            insert into {Table} (origin, note) values ($1, '')
            on conflict (origin) do update set origin = excluded.origin returning note
            """,
            connection);
        take.Parameters.AddWithValue(origin);
        var seen = (string)(await take.ExecuteScalarAsync(cancellationToken))! is { Length: > 0 } text
            ? Checkpoint.Parse(SignedNote.Parse(text).Text)
            : null;
        var answer = judge(seen);
        if (answer.Accepted is null)
        {
            return (answer, seen?.Size ?? 0);
        }

        await using var keep = new NpgsqlCommand($"update {Table} set note = $2 where origin = $1", connection);
        keep.Parameters.AddWithValue(origin);
        keep.Parameters.AddWithValue(note());
        await keep.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (answer, answer.Accepted.Size);
    }
}
