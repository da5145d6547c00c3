using Npgsql;
using Traceability.Node.Operators;

namespace Traceability.Node.Footprints;

/// <summary>Rolls up what was to be rolled up by now: bills of materials for later whose time has come.</summary>
/// <returns>Whether there was anything.</returns>
internal sealed record RollUpDue : IAct<bool>
{
    private const string Table = $"{EventDatabases.Schema}.recalculation";
    private const int AtOnce = 10_000;

    public async Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select id, trace_id from {Table} where due_at <= $1 order by id limit {AtOnce}", session.Connection);
        command.Parameters.AddWithValue(session.Now);
        List<long> rows = [];
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(reader.GetInt64(0));
                session.Touch(new TraceId(reader.GetGuid(1)));
            }
        }

        if (rows.Count == 0)
        {
            return false;
        }

        session.Queue($"delete from {Table} where id = any(?)", rows.ToArray());
        return true;
    }

    /// <summary>When the next is due; null if nothing is.</summary>
    public static async Task<DateTimeOffset?> NextAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        // Earlier versions noted what is due at once with an infinite past.
        await using var command = source.CreateCommand(
            $"select min(greatest(due_at, timestamptz 'epoch')) from {Table}");
        return await command.ExecuteScalarAsync(cancellationToken) is DateTime due
            ? new DateTimeOffset(DateTime.SpecifyKind(due, DateTimeKind.Utc))
            : null;
    }
}
