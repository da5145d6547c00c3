using Npgsql;

namespace Traceability.Storage;

/// <summary>
/// What goes into what, and which trades are about a part: two narrow tables that find what a change concerns without
/// reading documents. Written with the events they follow from, and rebuilt from the documents.
/// </summary>
public static class Links
{
    /// <summary>The parts of every version of a bill of materials, whether it is in force or not.</summary>
    public static void Line(this Work work, Guid parent, IEnumerable<Guid> children) => work.Sql(
        $"""
        insert into {EventStore.Schema}.bill_line (child, parent) select distinct child, ?::uuid from unnest(?) child
        on conflict do nothing
        """,
        parent,
        children.ToArray());

    public static void Trade(this Work work, Guid part, Guid tradeId) => work.Sql(
        $"insert into {EventStore.Schema}.part_trade (part, trade_id) values (?, ?) on conflict do nothing",
        part,
        tradeId);

    /// <summary>The parts themselves, and all that they go into, over all levels.</summary>
    public static Task<IReadOnlyList<Guid>> AboveAsync(
        NpgsqlDataSource source, IEnumerable<Guid> parts, CancellationToken cancellationToken) =>
        WalkAsync(source, parts, from: "child", to: "parent", cancellationToken);

    /// <summary>The parts themselves, and all that goes into them, over all levels.</summary>
    public static Task<IReadOnlyList<Guid>> BelowAsync(
        NpgsqlDataSource source, IEnumerable<Guid> parts, CancellationToken cancellationToken) =>
        WalkAsync(source, parts, from: "parent", to: "child", cancellationToken);

    /// <summary>
    /// A condition for the documents of the trades about any of the parts, which are its one parameter: trades,
    /// releases or upstream totals, by the prefix of their keys.
    /// </summary>
    public static string OfTradesAbout(string prefix) =>
        $"""
        where d.id in (
            select '{prefix}' || trade_id from {EventStore.Schema}.part_trade where part = any(?)) order by d.id
        """;

    internal static async Task RebuildAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        // Without documents of a kind there is no table of them yet, and nothing to link.
        await using var command = source.CreateCommand(
            $$"""
            do $$
            begin
                delete from {{EventStore.Schema}}.bill_line;
                delete from {{EventStore.Schema}}.part_trade;
                if to_regclass('{{EventStore.Schema}}.mt_doc_billofmaterials') is not null then
                    insert into {{EventStore.Schema}}.bill_line (child, parent)
                    select distinct (line ->> 'childTraceId')::uuid, (data ->> 'parentTraceId')::uuid
                    from {{EventStore.Schema}}.mt_doc_billofmaterials,
                        jsonb_array_elements(data -> 'versions') version, jsonb_array_elements(version -> 'lines') line;
                end if;
                if to_regclass('{{EventStore.Schema}}.mt_doc_trade') is not null then
                    insert into {{EventStore.Schema}}.part_trade (part, trade_id)
                    select part::uuid, (data ->> 'tradeId')::uuid
                    from {{EventStore.Schema}}.mt_doc_trade,
                        unnest(array[data ->> 'downstreamTraceId', data ->> 'upstreamTraceId']) part
                    where part is not null;
                end if;
            end $$
            """);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<Guid>> WalkAsync(
        NpgsqlDataSource source, IEnumerable<Guid> parts, string from, string to, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"""
            with recursive reached (id) as (
                select unnest($1) union
                select line.{to} from {EventStore.Schema}.bill_line line join reached on line.{from} = reached.id)
            select id from reached
            """);
        command.Parameters.AddWithValue(parts.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Guid> ids = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetGuid(0));
        }

        return ids;
    }
}
