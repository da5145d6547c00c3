using Npgsql;

namespace Traceability.Node.Operators;

/// <summary>Something that was decided and is to be told the broker.</summary>
/// <param name="Id">Its place in the order.</param>
/// <param name="Kind">Of the notice.</param>
/// <param name="TradeId">What it is about.</param>
/// <param name="Payload">The notice.</param>
/// <param name="Traceparent">The trace it belongs to.</param>
internal sealed record OutboxRow(long Id, string Kind, TradeId TradeId, string Payload, string Traceparent);

/// <summary>
/// What is still to be told, in the order in which it was decided. Rows are written by acts (see
/// <see cref="OperatorSession.Notify"/>) and go when the broker knows.
/// </summary>
internal static class Outbox
{
    private const string Table = $"{EventDatabases.Schema}.outbox";
    private const int PageSize = 100;

    public static async Task<IReadOnlyList<OutboxRow>> ReadAsync(
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select id, kind, key, payload, traceparent from {Table} order by id limit {PageSize}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<OutboxRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new(
                reader.GetInt64(0), reader.GetString(1), new(Guid.Parse(reader.GetString(2))), reader.GetString(3),
                reader.GetString(4)));
        }

        return rows;
    }

    /// <summary>Whether a notice about a trade waits to be sent, or was put aside.</summary>
    public static async Task<bool> IsOpenAsync<TNotice>(
        NpgsqlDataSource source, TradeId tradeId, CancellationToken cancellationToken)
        where TNotice : INotice
    {
        await using var command = source.CreateCommand(
            $"""
            select exists (select from {Table} where kind = $1 and key = $2)
                or exists (select from {EventDatabases.Schema}.problem where kind = 'notice' and key = $1 || ' ' || $2)
            """);
        command.Parameters.AddWithValue(TNotice.Kind);
        command.Parameters.AddWithValue(tradeId.ToString());
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static async Task DeleteAsync(NpgsqlDataSource source, long id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"delete from {Table} where id = $1");
        command.Parameters.AddWithValue(id);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
