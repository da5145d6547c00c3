using JasperFx.Events;
using Marten;
using Marten.Events.Projections;
using Npgsql;
using Traceability.Domain.Parts;
using Traceability.Domain.Trades;

namespace Traceability.Storage;

/// <summary>
/// What goes into what, and which trades are about a part: two narrow tables that find what a change concerns without
/// reading documents. A projection like the others: written with the events, and made anew from them.
/// </summary>
internal sealed class Links : EventProjection
{
    public const string ProjectionName = "Links";

    private const string Lines = $"{EventDatabases.Schema}.bill_line";
    private const string Trades = $"{EventDatabases.Schema}.part_trade";

    public static IReadOnlyList<string> Tables { get; } = [Lines, Trades];

    public Links()
    {
        Name = ProjectionName;
        IncludeType<BillOfMaterialsDeclared>();
        IncludeType<BillOfMaterialsRevised>();
        IncludeType<TradeRequested>();
        IncludeType<TradeAccepted>();
        Tables.ToList().ForEach(table => Options.DeleteDataInTableOnTeardown(table));
    }

    public override ValueTask ApplyAsync(IDocumentOperations operations, IEvent e, CancellationToken cancellation)
    {
        Insert(operations, [e.Data]);
        return ValueTask.CompletedTask;
    }

    /// <summary>Queues the links that follow from some events.</summary>
    public static void Insert(IDocumentOperations operations, IEnumerable<object> events)
    {
        object[] all = [.. events];
        // The parts of every version of a bill of materials, whether it is in force or not.
        var lines = all.SelectMany(e => e switch
        {
            BillOfMaterialsDeclared d => d.Lines.Select(line => (line.ChildTraceId, d.ParentTraceId)),
            BillOfMaterialsRevised r => r.Lines.Select(line => (line.ChildTraceId, r.ParentTraceId)),
            _ => [],
        }).Distinct().ToArray();
        var trades = all.SelectMany(e => e switch
        {
            TradeRequested { DownstreamTraceId: { } bought } r => [(bought, r.TradeId)],
            TradeAccepted { UpstreamTraceId: { } made } a => [(made, a.TradeId)],
            _ => Array.Empty<(TraceId, TradeId)>(),
        }).Distinct().ToArray();
        Insert(
            operations, $"{Lines} (child, parent)", lines.Select(line => line.ChildTraceId.Value),
            lines.Select(line => line.ParentTraceId.Value));
        Insert(
            operations, $"{Trades} (part, trade_id)", trades.Select(trade => trade.Item1.Value),
            trades.Select(trade => trade.Item2.Value));
    }

    private static void Insert(
        IDocumentOperations operations, string table, IEnumerable<Guid> first, IEnumerable<Guid> second)
    {
        Guid[] one = [.. first];
        if (one.Length > 0)
        {
            operations.QueueSqlCommand(
                $"insert into {table} select * from unnest(?, ?) on conflict do nothing", one, second.ToArray());
        }
    }
}

/// <summary>What is around some parts in a company.</summary>
/// <param name="Parts">The parts that were asked for and those they lead to, over all levels.</param>
/// <param name="Children">What goes into these directly, by any version of a bill of materials.</param>
/// <param name="Trades">The trades about any of these.</param>
public sealed record Surroundings(
    IReadOnlyList<TraceId> Parts, IReadOnlyList<TraceId> Children, IReadOnlyList<TradeId> Trades);

/// <summary>Ways through a company's parts, each in one round trip whatever the number of levels.</summary>
public static class PartLinks
{
    private const string Lines = $"{EventDatabases.Schema}.bill_line";
    private const string PartTrades = $"{EventDatabases.Schema}.part_trade";

    /// <summary>The parts themselves, and all that they go into, over all levels.</summary>
    public static Task<Surroundings> AboveAsync(
        NpgsqlConnection connection, IEnumerable<TraceId> parts, CancellationToken cancellationToken) =>
        WalkAsync(connection, parts, from: "child", to: "parent", cancellationToken);

    /// <summary>The parts themselves, and all that goes into them, over all levels.</summary>
    public static Task<Surroundings> BelowAsync(
        NpgsqlConnection connection, IEnumerable<TraceId> parts, CancellationToken cancellationToken) =>
        WalkAsync(connection, parts, from: "parent", to: "child", cancellationToken);

    /// <summary>The parts themselves, and what goes into them directly.</summary>
    public static Task<Surroundings> AroundAsync(
        NpgsqlConnection connection, IEnumerable<TraceId> parts, CancellationToken cancellationToken) =>
        ReadAsync(connection, "select unnest($1)", parts, cancellationToken);

    /// <summary>What a part goes into directly, in order.</summary>
    public static async Task<IReadOnlyList<TraceId>> ParentsAsync(
        NpgsqlConnection connection, TraceId part, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select parent from {Lines} where child = $1 order by parent", connection);
        command.Parameters.AddWithValue(part.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<TraceId> parents = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            parents.Add(new(reader.GetGuid(0)));
        }

        return parents;
    }

    /// <summary>Which trades are about the parts, in order.</summary>
    public static async Task<IReadOnlyList<(TraceId Part, TradeId TradeId)>> TradesAboutAsync(
        NpgsqlConnection connection, IEnumerable<TraceId> parts, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select part, trade_id from {PartTrades} where part = any($1) order by trade_id", connection);
        command.Parameters.AddWithValue(parts.Select(part => part.Value).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(TraceId, TradeId)> trades = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            trades.Add((new(reader.GetGuid(0)), new(reader.GetGuid(1))));
        }

        return trades;
    }

    private static Task<Surroundings> WalkAsync(
        NpgsqlConnection connection, IEnumerable<TraceId> parts, string from, string to,
        CancellationToken cancellationToken) => ReadAsync(
            connection,
            $"select unnest($1) union select line.{to} from {Lines} line join reached on line.{from} = reached.id",
            parts,
            cancellationToken);

    private static async Task<Surroundings> ReadAsync(
        NpgsqlConnection connection, string reached, IEnumerable<TraceId> parts, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            with recursive reached (id) as ({reached}),
                child (id) as (select distinct line.child from {Lines} line join reached on line.parent = reached.id)
            select 'part', id from reached
            union all select 'child', id from child
            union all select distinct 'trade', trade_id from {PartTrades}
                where part in (select id from reached union all select id from child)
            """,
            connection);
        command.Parameters.AddWithValue(parts.Select(part => part.Value).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new Dictionary<string, List<Guid>> { ["part"] = [], ["child"] = [], ["trade"] = [] };
        while (await reader.ReadAsync(cancellationToken))
        {
            found[reader.GetString(0)].Add(reader.GetGuid(1));
        }

        return new(
            [.. found["part"].Select(TraceId.Of)],
            [.. found["child"].Select(TraceId.Of)],
            [.. found["trade"].Select(TradeId.Of).Order()]);
    }
}
