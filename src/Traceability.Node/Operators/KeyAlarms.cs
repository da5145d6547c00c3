using System.Diagnostics;
using System.Text;
using Npgsql;
using Traceability.Node.Trust;

namespace Traceability.Node.Operators;

/// <summary>
/// Something about keys, or about how the broker shows and delivers, is not as it should be. It is kept for ever with
/// its evidence, and waits as a problem for a person; found again it is no news.
/// </summary>
/// <returns>Whether it is news.</returns>
internal sealed record RaiseAlarm(KeyFinding Finding) : IAct<bool>
{
    private const string Table = $"{EventDatabases.Schema}.key_alarm";

    public async Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select exists (select from {Table} where kind = $1 and about = $2)",
            await session.ConnectionAsync(cancellationToken));
        command.Parameters.AddWithValue(Finding.Kind);
        command.Parameters.AddWithValue(Finding.About);
        if ((bool)(await command.ExecuteScalarAsync(cancellationToken))!)
        {
            return false;
        }

        session.Queue(
            $"insert into {Table} (kind, about, evidence, noticed_at) values (?, ?, ?, ?)",
            Finding.Kind, Finding.About, Finding.Evidence, session.Now);
        session.SetAside(new(
            ProblemKind.Key, $"{Finding.Kind} {Finding.About}", Encoding.UTF8.GetBytes(Finding.Evidence),
            Finding.Kind.ToUpperInvariant(), Finding.Explanation, Activity.Current?.Id ?? ""));
        return true;
    }
}

/// <summary>Tells a person, once.</summary>
internal static class Alarms
{
    /// <returns>Whether it is news.</returns>
    public static async Task<bool> RaiseAsync(
        HostedOperator op, KeyFinding finding, CancellationToken cancellationToken)
    {
        var news = await op.DoAsync(new RaiseAlarm(finding), "watch over the broker", cancellationToken);
        if (news)
        {
            NodeMetrics.KeyAlarms.Add(1, new KeyValuePair<string, object?>("kind", finding.Kind));
        }

        return news;
    }
}

/// <summary>Whether a foreign key stands in the operator's name, and nobody has looked at it yet.</summary>
internal static class ForeignKeys
{
    public static async Task<bool> AreOpenAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            select exists (select from {EventDatabases.Schema}.problem
                where kind = 'key' and key like '{KeyFinding.ForeignKey} %')
            """);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}

/// <summary>The last checkpoint of the key log that an operator has believed. One is never taken back.</summary>
internal static class BelievedCheckpoints
{
    private const string Table = $"{EventDatabases.Schema}.key_log_seen";

    public static async Task<(string Note, string Verifier)?> LastAsync(
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select note, verifier from {Table} order by size desc limit 1");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetString(0), reader.GetString(1)) : null;
    }

    public static async Task AddAsync(
        NpgsqlDataSource source, SeenCheckpoint seen, string verifier, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"insert into {Table} (size, note, verifier, seen_at) values ($1, $2, $3, $4) on conflict do nothing");
        command.Parameters.AddWithValue(seen.Size);
        command.Parameters.AddWithValue(seen.Note);
        command.Parameters.AddWithValue(verifier);
        command.Parameters.AddWithValue(now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
