using System.Diagnostics;
using Npgsql;
using Spectre.Console;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Local.PostgreSql;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Traceability.Storage.Logs;

namespace Traceability.Benchmarks;

/// <summary>A log that grows to a million events: what it costs, and what replaying and rebuilding costs.</summary>
internal static class HistoryBenchmark
{
    private const string Database = "history";
    private const int EventsPerPart = 5;
    private const int PartsAtOnce = 200;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReferencePeriod Year = new(Start, Start.AddYears(1));
    private static readonly Provenance Clerk = new("clerk", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "call");

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("traceability-benchmark-").FullName;
        await using (var postgres = await PrivatePostgres.StartAsync(folder, durable: true, cancellationToken))
        {
            await AppendAsync(postgres, cancellationToken);
            await GrowAsync(postgres, cancellationToken);
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>One event and its read model per commit, one after the other and four at once.</summary>
    private static async Task AppendAsync(PrivatePostgres postgres, CancellationToken cancellationToken)
    {
        const int Commits = 200;
        const int Rounds = 15;
        await using var databases = new EventDatabases(postgres.ConnectionString("postgres"), TimeProvider.System);
        var unlogged = await databases.OpenAsync("plain", null, cancellationToken);
        var log = await databases.OpenAsync(
            "logged", LogKeys.Of("log.example/benchmark", new byte[32]), cancellationToken);
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString("postgres"));
        await using (var create = source.CreateCommand("create table bare (id uuid, data jsonb)"))
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        var table = Measure.Table(
            "One event per commit, milliseconds", "at once", "bare insert", "without log", "with log", "ratio to bare",
            "with / without");
        foreach (var atOnce in new[] { 1, 4 })
        {
            // In turns, so that all three meet the same disk; the first round warms up.
            List<TimeSpan> bares = [], plains = [], loggeds = [];
            for (var round = 0; round <= Rounds; round++)
            {
                bares.Add(await TimeAsync(atOnce, Commits, () => InsertAsync(source, cancellationToken)));
                plains.Add(await TimeAsync(atOnce, Commits, () => RegisterAsync(unlogged, cancellationToken)));
                loggeds.Add(await TimeAsync(atOnce, Commits, () => RegisterAsync(log, cancellationToken)));
            }

            var (bare, plain, logged) = (Middle(bares), Middle(plains), Middle(loggeds));
            table.AddRow(
                $"{atOnce}", Measure.Milliseconds(bare), Measure.Milliseconds(plain), Measure.Milliseconds(logged),
                Measure.Ratio(logged, bare), Measure.Ratio(logged, plain));
        }

        AnsiConsole.Write(table);
    }

    private static TimeSpan Middle(List<TimeSpan> times) => times.Skip(1).Order().ElementAt((times.Count - 1) / 2);

    private static async Task<TimeSpan> TimeAsync(int atOnce, int commits, Func<Task> commit)
    {
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, commits),
            new ParallelOptions { MaxDegreeOfParallelism = atOnce },
            async (_, _) => await commit());
        return Stopwatch.GetElapsedTime(start) / commits;
    }

    private static async Task InsertAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("insert into bare values ($1, '{\"name\": \"part\"}')");
        command.Parameters.AddWithValue(Guid.CreateVersion7());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task RegisterAsync(EventDatabase database, CancellationToken cancellationToken)
    {
        var id = new TraceId(Guid.CreateVersion7());
        // Each part has a turn of its own, so that those at once do not wait for each other.
        await using var session = new ActSession(
            await database.BeginAsync(Clerk, id.Value.GetHashCode(), cancellationToken));
        await session.DecideAsync<Part>(
            StreamNames.Part(id), _ => [new PartRegistered(id, "part", PartKind.Made, "piece", Start)],
            cancellationToken);
        await session.CommitAsync(cancellationToken);
    }

    private static async Task GrowAsync(PrivatePostgres postgres, CancellationToken cancellationToken)
    {
        await using var databases = new EventDatabases(postgres.ConnectionString("postgres"), TimeProvider.System);
        var database = await databases.OpenAsync(
            Database, LogKeys.Of("log.example/benchmark", new byte[32]), cancellationToken);
        var log = database.Log!;
        var growth = Measure.Table(
            "A growing log", "leaves", "logged per second", "bytes per leaf", "inclusion proof, bytes", "made in ms",
            "verified in ms", "consistency proof, bytes", "check of all, seconds");
        List<TraceId> parts = [];
        foreach (var leaves in new[] { 10_000, 100_000, 1_000_000 })
        {
            while (parts.Count * EventsPerPart < leaves)
            {
                parts.AddRange(await WriteAsync(database, cancellationToken));
            }

            var before = (await log.CheckpointAsync(cancellationToken))?.Size ?? 0;
            var logging = await OnceAsync(() => log.AppendAsync(cancellationToken));
            await GrownAsync(growth, database.Source, log, leaves - before, logging, cancellationToken);
        }

        AnsiConsole.Write(growth);
        await ReplayAsync(databases, database, parts, cancellationToken);
    }

    private static async Task GrownAsync(
        Table table, NpgsqlDataSource source, HistoryLog log, long added, TimeSpan logging,
        CancellationToken cancellationToken)
    {
        var checkpoint = Checkpoint.Parse(SignedNote.Parse((await log.CheckpointAsync(cancellationToken))!.Note).Text);
        var random = new Random(1);
        IReadOnlyList<byte[]> proof = [];
        var index = 0L;
        var making = await Measure.EachAsync(50, async _ =>
        {
            index = random.NextInt64(checkpoint.Size);
            proof = await log.InclusionProofAsync(index, checkpoint.Size, cancellationToken);
        });
        var leaf = await LeafAsync(source, index, cancellationToken);
        var verifying = Measure.Best(1000, () =>
        {
            if (!MerkleTree.Includes(checkpoint.Root, checkpoint.Size, leaf, index, proof))
            {
                throw new InvalidOperationException("The proof does not hold.");
            }
        });
        var consistency = await log.ConsistencyProofAsync(checkpoint.Size / 3, checkpoint.Size, cancellationToken);
        var bytes = await NumberAsync(
            source,
            "select sum(pg_total_relation_size(format('traceability.%s', t)::regclass))::bigint "
                + "from unnest(array['log_leaf', 'log_node', 'log_checkpoint']) t",
            cancellationToken);
        var checking = await OnceAsync(async () =>
        {
            var report = await HistoryCheck.RunAsync(source, log, [], cancellationToken);
            if (report.Findings.Count > 0)
            {
                throw new InvalidOperationException($"{report.Findings[0]}");
            }
        });
        table.AddRow(
            $"{checkpoint.Size:n0}", $"{added / logging.TotalSeconds:n0}", $"{bytes / checkpoint.Size}",
            $"{proof.Count * MerkleTree.HashBytes}", Measure.Milliseconds(Measure.Percentile(making, 0.5)),
            verifying.TotalMilliseconds.ToString("0.000", null), $"{consistency.Count * MerkleTree.HashBytes}",
            $"{checking.TotalSeconds:0.0}");
    }

    /// <summary>All totals anew, all read models anew, and both compared; against COPY out of the same table.</summary>
    private static async Task ReplayAsync(
        EventDatabases databases, EventDatabase database, List<TraceId> parts, CancellationToken cancellationToken)
    {
        var source = database.Source;
        var events = parts.Count * EventsPerPart;
        var table = Measure.Table(
            $"{events:n0} events", "what", "seconds", "events per second", "rate of COPY");
        var copying = await OnceAsync(() => CopyAsync(source, cancellationToken));
        Add("COPY out of the table of events", copying);
        // Two at once: while one is computed, the next is read.
        Add("every total computed anew and compared", await OnceAsync(() => Parallel.ForEachAsync(
            parts.Chunk(1000),
            new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken },
            async (some, token) => await ReplayAsync(database, some, token))));
        Add("every read model made anew and compared", await OnceAsync(async () =>
        {
            if ((await ReadModelCheck.RunAsync(database, cancellationToken)).Differences.Count > 0)
            {
                throw new InvalidOperationException("A read model differs.");
            }
        }));
        Add("every read model emptied and rebuilt", await OnceAsync(() => databases.RebuildReadModelsAsync(Database, cancellationToken)));
        AnsiConsole.Write(table);

        void Add(string what, TimeSpan took) => table.AddRow(
            what, $"{took.TotalSeconds:0.0}", $"{events / took.TotalSeconds:n0}", $"{copying / took:0.000}");
    }

    private static async Task ReplayAsync(EventDatabase database, TraceId[] parts, CancellationToken cancellationToken)
    {
        string[] keys = [.. parts.SelectMany(part => new[] { StreamNames.Part(part), StreamNames.Footprint(part) })];
        await using var session = database.Query();
        var history = (await session.HistoryAsync(keys, cancellationToken)).ToLookup(e => e.Stream);
        foreach (var id in parts)
        {
            var part = history[StreamNames.Part(id)].Aggregate((Part?)null, (part, e) => Part.Evolve(part, e.Data))!;
            var versions = FootprintReplay.Of(
                part,
                new Dictionary<TraceId, Part>(),
                [.. history[StreamNames.Footprint(id)].Select(e => new PastEvent(e.Name, e.Data))]);
            if (versions.Count != 2 || versions.Any(version => !version.Agrees))
            {
                throw new InvalidOperationException($"The total of {id} does not come out again.");
            }
        }
    }

    private static async Task CopyAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var stream = await connection.BeginRawBinaryCopyAsync(
            "copy (select * from traceability.mt_events order by seq_id) to stdout (format binary)", cancellationToken);
        await stream.CopyToAsync(Stream.Null, cancellationToken);
    }

    /// <summary>Parts with a contribution, a total, a revision and a total after it.</summary>
    private static async Task<TraceId[]> WriteAsync(EventDatabase database, CancellationToken cancellationToken)
    {
        TraceId[] parts = [.. Enumerable.Range(0, PartsAtOnce).Select(_ => new TraceId(Guid.CreateVersion7()))];
        await using var session = new ActSession(await database.BeginAsync(Clerk, 1, cancellationToken));
        await session.FetchAsync(
            cancellationToken,
            Fetch.ToDecide<Part>(parts.Select(StreamNames.Part)),
            Fetch.ToDecide<Footprint>(parts.Select(StreamNames.Footprint)));
        foreach (var (number, part) in parts.Index())
        {
            await session.DecideAsync<Part>(
                StreamNames.Part(part),
                _ => [new PartRegistered(part, $"part {number}", PartKind.Made, "piece", Start)],
                cancellationToken);
            await session.DecideAsync<Footprint>(
                StreamNames.Footprint(part), _ => [.. Totals(part, 1.5m + number)], cancellationToken);
        }

        await session.CommitAsync(cancellationToken);
        return parts;
    }

    private static IEnumerable<object> Totals(TraceId part, decimal amount)
    {
        Footprint? footprint = null;
        for (var version = 1; version <= 2; version++)
        {
            StageFigure[] stages = [new(LifeCycleStage.MainProduction, amount * version)];
            object said = version == 1
                ? new ContributionDeclared(part, stages, Year, Start)
                : new ContributionRevised(part, stages, Year, Start);
            footprint = Footprint.Evolve(footprint, said)!;
            yield return said;
            var total = new FootprintRolledUp(
                part, version, footprint.Contribution, true, Year, [], Start, footprint.Contribution);
            footprint = Footprint.Evolve(footprint, total);
            yield return total;
        }
    }

    private static async Task<byte[]> LeafAsync(NpgsqlDataSource source, long index, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select leaf_hash from traceability.log_leaf where idx = $1");
        command.Parameters.AddWithValue(index);
        return (byte[])(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<long> NumberAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<TimeSpan> OnceAsync(Func<Task> action)
    {
        var start = Stopwatch.GetTimestamp();
        await action();
        return Stopwatch.GetElapsedTime(start);
    }
}
