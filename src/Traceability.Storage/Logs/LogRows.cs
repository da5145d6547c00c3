using Npgsql;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>A leaf of the log, and its event as far as it is still there.</summary>
/// <param name="Index">Its place in the log, from 0; -1 while it has none.</param>
/// <param name="Stream">The stream of its event.</param>
/// <param name="Version">The version of its event.</param>
/// <param name="Salt">Null when the payload was masked.</param>
/// <param name="PayloadHash">Salted hash of the event's data.</param>
/// <param name="Check">Of a leaf its hash; of one that waits, its seal.</param>
/// <param name="SignedSize">The size of the first checkpoint that covers it.</param>
/// <param name="Event">The event that is stored now.</param>
public sealed record LogRow(
    long Index, string Stream, long Version, byte[]? Salt, byte[] PayloadHash, byte[] Check, long SignedSize,
    LoggedEvent? Event);

/// <summary>How leaves and events are read together.</summary>
internal static class LogRows
{
    private const string EventColumns =
        "e.seq_id, e.id, e.type, e.timestamp, e.user_name, e.correlation_id, e.causation_id, e.data::text";

    /// <summary>
    /// Those that are not logged yet, in order of their own numbers: however many wait, only so many are looked at.
    /// </summary>
    public static string Pending => $"""
        select -1::bigint, p.stream_id, p.version, p.salt, p.payload_hash, p.seal, 0::bigint, {EventColumns}
        from (select * from {EventDatabases.Schema}.log_pending order by id limit $1) p
            left join {EventDatabases.Schema}.mt_events e using (stream_id, version)
        order by p.id
        """;

    /// <summary>Those that are, in order of the log. A condition may be put in.</summary>
    public static string Logged(string where) => $"""
        select l.idx, l.stream_id, l.version, l.salt, l.payload_hash, l.leaf_hash, l.signed_size, {EventColumns}
        from {EventDatabases.Schema}.log_leaf l left join {EventDatabases.Schema}.mt_events e using (stream_id, version)
        {where} order by l.idx
        """;

    public static async IAsyncEnumerable<LogRow> ReadAsync(NpgsqlCommand command)
    {
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            yield return Read(reader);
        }
    }

    private static LogRow Read(NpgsqlDataReader reader)
    {
        var (stream, version) = (reader.GetString(1), reader.GetInt64(2));
        return new(
            reader.GetInt64(0),
            stream,
            version,
            reader.IsDBNull(3) ? null : reader.GetFieldValue<byte[]>(3),
            reader.GetFieldValue<byte[]>(4),
            reader.GetFieldValue<byte[]>(5),
            reader.GetInt64(6),
            reader.IsDBNull(7)
                ? null
                : new(
                    stream, version, reader.GetInt64(7), reader.GetGuid(8), reader.GetString(9),
                    reader.GetFieldValue<DateTimeOffset>(10), Text(11), Text(12), Text(13), reader.GetString(14)));

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }
}
