using Npgsql;
using Traceability.Node.Certificates;
using Traceability.Node.Operators;
using Traceability.Node.Releases;

namespace Traceability.Node.Due;

/// <summary>
/// Does what was to be done by now: bills of materials for later have come into force; figures, releases and
/// certificates have run out.
/// </summary>
/// <returns>Whether there was anything.</returns>
internal sealed record DoWhatIsDue : IAct<bool>
{
    private const string Table = $"{EventDatabases.Schema}.recalculation";
    private const int AtOnce = 10_000;

    public async Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select id, trace_id from {Table} where due_at <= $1 order by id limit {AtOnce}",
            await session.ConnectionAsync(cancellationToken));
        command.Parameters.AddWithValue(session.Now);
        List<long> rows = [];
        HashSet<TraceId> parts = [];
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add(reader.GetInt64(0));
                parts.Add(new(reader.GetGuid(1)));
            }
        }

        if (rows.Count == 0)
        {
            return false;
        }

        session.Touch(parts);
        await session.EndReleasesAsync(parts, cancellationToken);
        await session.ExpireCertificatesAsync(parts, cancellationToken);
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
