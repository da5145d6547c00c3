using System.Text.Json;
using Npgsql;
using Traceability.Domain;
using Traceability.Proofs;

namespace Traceability.Storage;

/// <summary>A read model that is not what its events lead to.</summary>
public sealed record ReadModelDifference(string Key, string Problem);

/// <summary>What was compared, and what differs.</summary>
public sealed record ReadModelReport(long Streams, IReadOnlyList<ReadModelDifference> Differences);

/// <summary>
/// Makes every read model anew from its events and compares it with the one that is in use. It changes nothing and may
/// run while others write: a stream and its read model are read in one statement, and written in one transaction.
/// </summary>
public static class ReadModelCheck
{
    /// <summary>Some megabytes at once.</summary>
    private const int PageSize = 500;

    private const int MaxDifferences = 1000;

    public static async Task<ReadModelReport> RunAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var streams = 0L;
        List<ReadModelDifference> differences = [];
        foreach (var state in States.All)
        {
            var after = "";
            while (await PageAsync(source, state, after, cancellationToken) is { Count: > 0 } page)
            {
                differences.AddRange(page.Select(row => Compare(state, row)).OfType<ReadModelDifference>());
                streams += page.Count;
                after = page[^1].Key;
            }
        }

        return new(streams, [.. differences.Take(MaxDifferences)]);
    }

    private static ReadModelDifference? Compare(IState state, Row row)
    {
        if (row.Types.Length == 0)
        {
            return new(row.Key, "has no events, but a read model");
        }

        var made = state.Make(row.Key, row.Types.Zip(row.Data, Read));
        return (made, row.Document) switch
        {
            (null, null) => null,
            (null, _) => new(row.Key, "has a read model, but its events lead to none"),
            (_, null) => new(row.Key, "has no read model"),
            var (one, other) => CanonicalJson.Of(one).AsSpan().SequenceEqual(CanonicalJson.Of(other))
                ? null
                : new(row.Key, "is not what its events lead to"),
        };
    }

    private static object Read(string type, string data) =>
        JsonSerializer.Deserialize(data, EventTypes.Find(type)!, EventJson.Options)!;

    private static async Task<IReadOnlyList<Row>> PageAsync(
        NpgsqlDataSource source, IState state, string after, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            select coalesce(e.stream_id, d.id), coalesce(e.types, array[]::text[]), coalesce(e.data, array[]::text[]),
                d.data::text
            from (
                select stream_id, array_agg(type::text order by version) types,
                    array_agg(data::text order by version) data
                from {EventStore.Schema}.mt_events where stream_id like $1 and stream_id > $2
                group by stream_id order by stream_id limit {PageSize}) e
            full join (
                select id, data from {EventStore.Schema}.{state.Table} where id > $2 order by id limit {PageSize}) d
                on d.id = e.stream_id
            order by 1 limit {PageSize}
            """);
        command.Parameters.AddWithValue($"{state.Prefix}%");
        command.Parameters.AddWithValue(after);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Row> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new(
                reader.GetString(0), reader.GetFieldValue<string[]>(1), reader.GetFieldValue<string[]>(2),
                reader.IsDBNull(3) ? null : reader.GetString(3)));
        }

        return rows;
    }

    private sealed record Row(string Key, string[] Types, string[] Data, string? Document);
}
