using Npgsql;
using Spectre.Console;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Local.PostgreSql;

namespace Traceability.Benchmarks;

/// <summary>The same random graph in four ways: engine, bare loop, SQL, and one changed leaf.</summary>
internal static class RollUpBenchmark
{
    private const int LinesPerPart = 5;
    private const int Stages = 4;
    private const int Levels = 10;

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("traceability-benchmark-").FullName;
        await using (var postgres = await PrivatePostgres.StartAsync(folder, durable: true, cancellationToken))
        {
            await RunAsync(postgres, cancellationToken);
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task RunAsync(PrivatePostgres postgres, CancellationToken cancellationToken)
    {
        var full = Measure.Table(
            "Full roll-up, four stages, milliseconds", "parts", "lines", "engine", "bare loop", "ratio", "SQL", "ratio to SQL",
            "memory of engine / arrays");
        var one = Measure.Table(
            "One changed leaf", "parts", "parts above it", "milliseconds", "per 1,000 parts above");
        foreach (var parts in new[] { 10_000, 100_000, 1_000_000 })
        {
            var data = GraphData.Random(parts, LinesPerPart, Levels, Stages);
            var (engine, engineBytes) = Weigh(() => Engine(data));
            var (_, arrayBytes) = Weigh(data.Copy);
            var total = new decimal[parts * Stages];
            var runs = parts > 100_000 ? 5 : 20;
            var ours = Measure.Best(runs, engine.RollUp);
            var bare = Measure.Best(runs, () => BareLoop(data, total));
            if (!engine.Total(parts - 1).SequenceEqual(total.AsSpan((parts - 1) * Stages, Stages)))
            {
                throw new InvalidOperationException("Engine and bare loop disagree.");
            }

            var sql = await InSqlAsync(postgres, data, cancellationToken);
            full.AddRow(
                $"{parts:n0}", $"{parts * LinesPerPart:n0}", Measure.Milliseconds(ours), Measure.Milliseconds(bare),
                Measure.Ratio(ours, bare), Measure.Milliseconds(sql), (ours / sql).ToString("0.000", null),
                $"{(double)engineBytes / arrayBytes:0.00}");
            AddLeaves(one, engine, parts);
        }

        AnsiConsole.Write(full);
        AnsiConsole.Write(one);
    }

    private static void AddLeaves(Table table, RollUpTotals engine, int parts)
    {
        // A leaf with few parts above it, and one with many.
        foreach (var leaf in new[] { 0, 1 })
        {
            var above = 0;
            // Often enough that the code is compiled as it is in a node that has run for a minute.
            var took = Measure.Best(1000, () =>
            {
                engine.Own(leaf)[0] += 0.001m;
                above = engine.Update([leaf]);
            });
            table.AddRow(
                $"{parts:n0}", $"{above - 1:n0}", Measure.Milliseconds(took), Measure.Milliseconds(took / above * 1000));
        }
    }

    private static RollUpTotals Engine(GraphData data)
    {
        var totals = new RollUpTotals(RollUpGraph.Of(data.Parts, data.Parent, data.Child, data.Quantity), Stages);
        for (var part = 0; part < data.Parts; part++)
        {
            data.Own.AsSpan(part * Stages, Stages).CopyTo(totals.Own(part));
        }

        return totals;
    }

    /// <summary>The least that any program must do: parts come in an order in which children are first.</summary>
    private static void BareLoop(GraphData data, decimal[] total)
    {
        data.Own.CopyTo(total, 0);
        for (var line = 0; line < data.Parent.Length; line++)
        {
            var (to, from, quantity) = (data.Parent[line] * Stages, data.Child[line] * Stages, data.Quantity[line]);
            for (var stage = 0; stage < Stages; stage++)
            {
                total[to + stage] += quantity * total[from + stage];
            }
        }
    }

    private static (T Value, long Bytes) Weigh<T>(Func<T> make)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var value = make();
        return (value, GC.GetTotalMemory(forceFullCollection: true) - before);
    }

    /// <summary>One statement per level, children first, over indexed tables.</summary>
    private static async Task<TimeSpan> InSqlAsync(
        PrivatePostgres postgres, GraphData data, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString("postgres"));
        await RunAsync("""
            drop table if exists part, line, total;
            create table part (id int primary key, level int, a numeric, b numeric, c numeric, d numeric);
            create table line (parent int, child int, quantity numeric);
            create table total (id int primary key, a numeric, b numeric, c numeric, d numeric)
            """);
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        {
            await using (var writer = await connection.BeginBinaryImportAsync(
                "copy part from stdin (format binary)", cancellationToken))
            {
                for (var part = 0; part < data.Parts; part++)
                {
                    await writer.WriteRowAsync(
                        cancellationToken, part, data.Level(part), data.Own[part * Stages], data.Own[(part * Stages) + 1],
                        data.Own[(part * Stages) + 2], data.Own[(part * Stages) + 3]);
                }

                await writer.CompleteAsync(cancellationToken);
            }

            await using (var writer = await connection.BeginBinaryImportAsync(
                "copy line from stdin (format binary)", cancellationToken))
            {
                for (var line = 0; line < data.Parent.Length; line++)
                {
                    await writer.WriteRowAsync(cancellationToken, data.Parent[line], data.Child[line], data.Quantity[line]);
                }

                await writer.CompleteAsync(cancellationToken);
            }
        }

        await RunAsync("create index on line (parent); create index on part (level); analyze");
        var times = await Measure.EachAsync(3, async _ =>
        {
            await RunAsync("truncate total");
            for (var level = 0; level < Levels; level++)
            {
                await RunAsync($"""
                    insert into total
                    select p.id, p.a + coalesce(sum(l.quantity * t.a), 0), p.b + coalesce(sum(l.quantity * t.b), 0),
                        p.c + coalesce(sum(l.quantity * t.c), 0), p.d + coalesce(sum(l.quantity * t.d), 0)
                    from part p left join line l on l.parent = p.id left join total t on t.id = l.child
                    where p.level = {level} group by p.id
                    """);
            }
        });
        return times[0];

        async Task RunAsync(string sql)
        {
            await using var command = source.CreateCommand(sql);
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
