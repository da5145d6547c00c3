using Npgsql;
using Traceability.Domain.Parts;
using Traceability.IntegrationTests.Harness;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Traceability.Storage.Logs;
using Xunit;
using Xunit.Abstractions;

namespace Traceability.IntegrationTests.Storage;

/// <summary>
/// What a database administrator could do to history, a hundred times each at random places: every time it is found,
/// and what was touched is named.
/// </summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class TamperTests(ITestOutputHelper output) : IAsyncLifetime
#pragma warning restore CA1001
{
    private const int Times = 100;
    private const int Streams = 40;

    private readonly string _name = SharedPostgres.NewName("tampered");
    private readonly CancellationTokenSource _timer = new(TimeSpan.FromMinutes(10));
    private readonly int _seed = Environment.TickCount;
    private EventDatabases _databases = null!;
    private EventDatabase _database = null!;
    private HistoryLog _log = null!;

    public async Task InitializeAsync()
    {
        await SharedPostgres.MakeAsync(_name, _timer.Token);
        var postgres = await SharedPostgres.GetAsync();
        _databases = new(postgres.ConnectionString("postgres"), TimeProvider.System);
        _database = await _databases.OpenAsync(
            _name, LogKeys.Of("log.example/tampered", new byte[32]), _timer.Token);
        _log = _database.Log!;
        output.WriteLine($"seed {_seed}");
        for (var number = 0; number < Streams; number++)
        {
            await WriteAsync(number);
            if (number % 4 == 3)
            {
                await _log.AppendAsync(_timer.Token);
            }
        }
    }

    /// <summary>The statement names its victim by $1: an index of the log, or the number of a checkpoint.</summary>
    [Theory]
    [InlineData("event changed: data", "update mt_events e set data = jsonb_set(data, '{name}', '\"other\"') {leaf}", "part_")]
    [InlineData("event changed: who", "update mt_events e set user_name = 'somebody else' {leaf}", "part_")]
    [InlineData("event changed: when", "update mt_events e set timestamp = e.timestamp - interval '1 second' {leaf}", "part_")]
    [InlineData("event changed: why", "update mt_events e set causation_id = 'another call' {leaf}", "part_")]
    [InlineData("event changed: what", "update mt_events e set type = 'part_forgotten' {leaf}", "part_")]
    [InlineData("event dropped", "delete from mt_events e {using}", "part/")]
    [InlineData("event inserted", "insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp) select nextval('traceability.mt_events_sequence'), gen_random_uuid(), stream_id, 1000 + $1, '{}', 'part_retired', now() from log_leaf where idx = $1", "part_retired")]
    [InlineData("events in another order", "update mt_events e set seq_id = e.seq_id + 100000 {leaf}", "part_")]
    [InlineData("events from one on cut off", "delete from mt_events where seq_id >= (select e.seq_id from mt_events e join log_leaf l using (stream_id, version) where l.idx = $1)", "part/")]
    [InlineData("leaf changed", "update log_leaf set leaf_hash = sha256(leaf_hash) where idx = $1", "part_")]
    [InlineData("leaf's salt changed", "update log_leaf set salt = sha256(salt) where idx = $1", "part_")]
    [InlineData("leaf's salt taken away", "update log_leaf set salt = null where idx = $1", "part_")]
    [InlineData("leaf dropped", "delete from log_leaf where idx = $1", "Leaf|part_")]
    [InlineData("leaf inserted", "insert into log_leaf select (select max(idx) + 1 from log_leaf), stream_id, 1000 + version, salt, payload_hash, leaf_hash, signed_size from log_leaf where idx = $1", "part/")]
    [InlineData("leaves in another order", "update log_leaf set idx = -2 where idx = $1; update log_leaf set idx = $1 where idx = ($1 + 1) % 80; update log_leaf set idx = ($1 + 1) % 80 where idx = -2", "Checkpoint|Leaf")]
    [InlineData("leaves from one on cut off", "delete from log_leaf where idx >= $1", "Checkpoint|part_")]
    [InlineData("checkpoint changed", "update log_checkpoint set note = replace(note, E'\\n' || size || E'\\n', E'\\n' || (size + 1) || E'\\n') {checkpoint}", "Checkpoint")]
    [InlineData("checkpoint dropped", "delete from log_checkpoint {checkpoint}", "Checkpoint")]
    [InlineData("checkpoint inserted", "insert into log_checkpoint select size + 1, note from log_checkpoint {checkpoint}", "Checkpoint")]
    [InlineData("checkpoints in another order", "update log_checkpoint set note = (select o.note from log_checkpoint o order by o.size offset ($1 + 1) % 10 limit 1) {checkpoint}", "Checkpoint")]
    [InlineData("checkpoints from one on cut off", "delete from log_checkpoint where size >= (select size from log_checkpoint order by size offset $1 % 10 limit 1)", "Checkpoint")]
    [InlineData("node changed", "update log_node set hash = sha256(hash) where (level, idx) = (select level, idx from log_node order by level, idx offset $1 % 70 limit 1)", "Node")]
    public async Task Every_change_is_found_and_named(string what, string sql, string names)
    {
        var random = new Random(_seed);
        await using var connection = await _database.Source.OpenConnectionAsync(_timer.Token);
        for (var time = 0; time < Times; time++)
        {
            var victim = random.Next(Streams * 2);
            var (report, changed) = await TamperAsync(connection, sql, victim);

            Assert.True(changed > 0, $"{what} changed nothing at {victim}");
            Assert.True(
                report.Findings.Any(finding => names.Split('|').Any(
                    name => finding.What.Contains(name, StringComparison.Ordinal))),
                $"{what} at {victim}: {string.Join("; ", report.Findings)}");
        }
    }

    [Fact]
    public async Task Who_cuts_off_everything_alike_is_found_by_what_a_witness_has_seen()
    {
        var seen = (await _log.CheckpointAsync(_timer.Token))!.Note;
        await using var connection = await _database.Source.OpenConnectionAsync(_timer.Token);
        const string Cut = """
            delete from mt_events e using log_leaf l
                where (e.stream_id, e.version) = (l.stream_id, l.version) and l.idx >= 40;
            delete from log_leaf where idx >= 40;
            delete from log_node where ((idx + 1) << level) > 40;
            delete from log_checkpoint where size > 40
            """;

        var (alone, _) = await TamperAsync(connection, Cut, 0);
        var (witnessed, _) = await TamperAsync(connection, Cut, 0, seen);

        Assert.Empty(alone.Findings);
        var finding = Assert.Single(witnessed.Findings);
        Assert.Contains("a witness has seen 80", finding.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_changed_before_it_was_logged_is_not_logged()
    {
        await WriteAsync(1000);
        await ExecuteAsync("update traceability.mt_events set data = jsonb_set(data, '{name}', '\"other\"') where stream_id = 'part/1000' and version = 1");

        var broken = await Assert.ThrowsAsync<BrokenHistoryException>(() => _log.AppendAsync(_timer.Token));

        Assert.Contains("part_registered", broken.Message, StringComparison.Ordinal);
        var report = await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token);
        Assert.Equal(2, report.Waiting);
        Assert.Single(report.Findings);
    }

    [Fact]
    public async Task Events_that_are_written_while_it_runs_do_not_disturb_the_check()
    {
        using var done = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var number = 2000; !done.IsCancellationRequested; number++)
            {
                await WriteAsync(number);
                await _log.AppendAsync(_timer.Token);
            }
        });
        for (var time = 0; time < 20; time++)
        {
            var report = await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token);
            Assert.Empty(report.Findings);
        }

        await done.CancelAsync();
        await writing;
    }

    /// <summary>
    /// The server ends the connection in the middle of a save; what the store notes down about it is no history.
    /// </summary>
    [Fact]
    public async Task A_save_that_was_cut_off_leaves_nothing_that_the_check_would_find()
    {
        await ExecuteAsync("""
            create function traceability.cut() returns trigger language plpgsql as
                'begin perform pg_terminate_backend(pg_backend_pid()); return new; end';
            create trigger cut after insert on traceability.mt_events for each row execute function traceability.cut()
            """);
        await Assert.ThrowsAnyAsync<Exception>(() => WriteAsync(3000));
        await ExecuteAsync("drop function traceability.cut cascade");

        await WriteAsync(3000);
        await StoreTombstoneAsync("{}");
        await _log.AppendAsync(_timer.Token);

        var report = await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token);
        Assert.Equal((Streams * 2) + 2, report.Leaves);
        Assert.Empty(report.Findings);
        Assert.Empty((await ReadModelCheck.RunAsync(_database, _timer.Token)).Differences);
    }

    /// <summary>
    /// The connection is ended, or a statement fails, at a random table of a random save: whatever is left of it, the store's
    /// own notes included, is no change of history. What was acknowledged is there, once and whole.
    /// </summary>
    [Fact]
    public async Task Saves_that_are_cut_at_random_leave_nothing_that_the_check_would_find()
    {
        string[] tables = ["mt_events", "mt_streams", "log_pending", "mt_doc_part"];
        await ExecuteAsync("""
            create function traceability.cut() returns trigger language plpgsql as $$
                begin
                    if random() < 0.15 then perform pg_terminate_backend(pg_backend_pid()); end if;
                    if random() < 0.15 then raise exception 'cut'; end if;
                    return new;
                end $$
            """);
        foreach (var table in tables)
        {
            await ExecuteAsync($"create trigger cut before insert on traceability.{table} for each row execute function traceability.cut()");
        }

        var (acknowledged, cut) = (new List<int>(), 0);
        for (var number = 4000; acknowledged.Count < 10 || cut < 20; number++)
        {
            try
            {
                await RecordAsync(number, new PartRegistered(new(Guid.CreateVersion7()), "part", PartKind.Made, "piece", DateTimeOffset.UnixEpoch));
                acknowledged.Add(number);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                cut++;
            }

            if (number % 5 == 0)
            {
                Assert.Empty((await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token)).Findings);
            }
        }

        await ExecuteAsync("drop function traceability.cut cascade");
        await _log.AppendAsync(_timer.Token);

        var report = await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token);
        Assert.Empty(report.Findings);
        Assert.Equal((Streams * 2) + acknowledged.Count, report.Leaves);
        Assert.Empty((await ReadModelCheck.RunAsync(_database, _timer.Token)).Differences);
        await using var session = _database.Query();
        var stored = await session.HistoryAsync([.. acknowledged.Select(number => $"part/{number}")], _timer.Token);
        Assert.Equal(acknowledged.Count, stored.Count);
    }

    /// <summary>Two write the same stream; the one that loses leaves nothing behind.</summary>
    [Fact]
    public async Task Lost_races_leave_nothing_that_the_check_would_find()
    {
        for (var number = 5000; number < 5010; number++)
        {
            var both = Enumerable.Range(0, 2).Select(async _ =>
            {
                try
                {
                    await RecordAsync(number, new PartRegistered(
                        new(Guid.CreateVersion7()), "part", PartKind.Made, "piece", DateTimeOffset.UnixEpoch));
                    return true;
                }
                catch (LostRaceException)
                {
                    return false;
                }
            });
            Assert.Contains(true, await Task.WhenAll(both));
        }

        await _log.AppendAsync(_timer.Token);
        Assert.Empty((await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token)).Findings);
    }

    /// <summary>Somebody else's note, or nobody's, is no evidence against this log.</summary>
    [Fact]
    public async Task What_this_log_has_not_signed_is_foreign_and_no_change_of_its_history()
    {
        var own = (await _log.CheckpointAsync(_timer.Token))!.Note;
        var state = Checkpoint.Parse(SignedNote.Parse(own).Text);
        var lie = (state with { Root = new byte[32] }).Text;
        var stranger = LogKeys.Of(state.Origin, [.. Enumerable.Repeat((byte)7, 32)]).Signer;
        var other = LogKeys.Of("log.example/other", new byte[32]).Signer;
        string[] foreign =
        [
            stranger.Sign(lie).ToString(), other.Sign((state with { Origin = "log.example/other" }).Text).ToString(),
            other.Sign(lie).ToString(), $"{lie}\n\u2014 {state.Origin} AAAAAAAA\n", "nothing",
            // Signed by this log once, and changed since.
            own.Replace($"\n{state.Size}\n", $"\n{state.Size + 1}\n", StringComparison.Ordinal),
        ];

        var report = await HistoryCheck.RunAsync(_database.Source, _log, [.. foreign, own], _timer.Token);

        Assert.Equal(foreign.Length, report.Findings.Count);
        Assert.All(report.Findings, finding => Assert.True(finding.Foreign, finding.What));
    }

    /// <summary>It is evidence against this log what it has signed itself.</summary>
    [Fact]
    public async Task A_state_that_this_log_has_signed_and_does_not_have_is_a_change_of_history()
    {
        var state = Checkpoint.Parse(SignedNote.Parse((await _log.CheckpointAsync(_timer.Token))!.Note).Text);
        var signer = LogKeys.Of(state.Origin, new byte[32]).Signer;

        var report = await HistoryCheck.RunAsync(
            _database.Source, _log, [signer.Sign((state with { Root = new byte[32] }).Text).ToString()], _timer.Token);

        Assert.False(Assert.Single(report.Findings).Foreign);
    }

    [Fact]
    public async Task Nothing_can_be_hidden_among_what_the_store_notes_down()
    {
        await StoreTombstoneAsync("""{"name": "hidden"}""");

        var report = await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token);

        Assert.Contains("tombstone", Assert.Single(report.Findings).What, StringComparison.Ordinal);
    }

    /// <summary>Events are read by their pinned names; what a class was called when they were written says nothing.</summary>
    [Fact]
    public async Task A_class_that_was_renamed_since_loses_no_event()
    {
        await ExecuteAsync("update traceability.mt_events set mt_dotnet_type = 'Long.Gone, Long.Gone'");

        var models = await ReadModelCheck.RunAsync(_database, _timer.Token);
        await using var session = _database.Query();
        var history = await session.HistoryAsync(["part/0", "part/1"], _timer.Token);

        Assert.Equal(Streams, models.Streams);
        Assert.Empty(models.Differences);
        Assert.Equal(
            [typeof(PartRegistered), typeof(PartRetired), typeof(PartRegistered), typeof(PartRetired)],
            history.Select(one => one.Data.GetType()));
        Assert.Empty((await HistoryCheck.RunAsync(_database.Source, _log, [], _timer.Token)).Findings);
    }

    [Fact]
    public async Task Every_event_is_proved_to_be_in_the_log_and_every_checkpoint_to_be_continued()
    {
        var newest = Checkpoint.Parse(SignedNote.Parse((await _log.CheckpointAsync(_timer.Token))!.Note).Text);
        var streams = Enumerable.Range(0, Streams).Select(number => $"part/{number}").ToArray();
        foreach (var row in await _log.LeavesAsync(streams, _timer.Token))
        {
            var proof = await _log.InclusionProofAsync(row.Index, newest.Size, _timer.Token);
            Assert.True(MerkleTree.Includes(
                newest.Root, newest.Size, row.Event!.LeafHash(row.PayloadHash), row.Index, proof));
        }

        for (var size = 8; size <= newest.Size; size += 8)
        {
            var note = await NoteAsync(size);
            var old = Checkpoint.Parse(SignedNote.Parse(note).Text);
            var proof = await _log.ConsistencyProofAsync(size, newest.Size, _timer.Token);
            Assert.True(MerkleTree.Extends(old.Root, size, newest.Root, newest.Size, proof));
        }
    }

    public async Task DisposeAsync()
    {
        await _databases.DisposeAsync();
        await SharedPostgres.DropAsync([_name], _timer.Token);
        _timer.Dispose();
    }

    /// <summary>Two events in a stream of its own.</summary>
    private async Task WriteAsync(int number)
    {
        var id = new TraceId(Guid.CreateVersion7());
        await RecordAsync(
            number, new PartRegistered(id, $"part {number}", PartKind.Made, "piece", DateTimeOffset.UnixEpoch));
        await RecordAsync(number, new PartRetired(id, DateTimeOffset.UnixEpoch));
    }

    /// <summary>As Marten does when a save of events fails.</summary>
    private Task StoreTombstoneAsync(string data) => ExecuteAsync($$"""
        insert into traceability.mt_streams (id, version, type) values ('mt_tombstone', 1, null)
            on conflict do nothing;
        insert into traceability.mt_events (seq_id, id, stream_id, version, data, type, timestamp)
            values (nextval('traceability.mt_events_sequence'), gen_random_uuid(), 'mt_tombstone', 1, '{{data}}',
                'tombstone', now())
        """);

    private Task RecordAsync(int number, object e) => _database.RecordAsync(
        $"part/{number}", e, _timer.Token, "clerk", "00-trace-span-00", "call");

    /// <summary>Changes, checks, and takes the change back.</summary>
    private async Task<(HistoryReport Report, int Changed)> TamperAsync(
        NpgsqlConnection connection, string sql, int victim, params string[] witnessed)
    {
        var whole = sql
            .Replace("{leaf}", "from log_leaf l where (e.stream_id, e.version) = (l.stream_id, l.version) and l.idx = $1", StringComparison.Ordinal)
            .Replace("{using}", "using log_leaf l where (e.stream_id, e.version) = (l.stream_id, l.version) and l.idx = $1", StringComparison.Ordinal)
            .Replace("{checkpoint}", "where size = (select size from log_checkpoint order by size offset $1 % 10 limit 1)", StringComparison.Ordinal)
            .Replace("$1", $"{victim}", StringComparison.Ordinal);
        await using var transaction = await connection.BeginTransactionAsync(_timer.Token);
        await using var command = new NpgsqlCommand($"set local search_path to traceability; {whole}", connection);
        var changed = await command.ExecuteNonQueryAsync(_timer.Token);
        var report = await HistoryCheck.RunAsync(connection, _log, witnessed, _timer.Token);
        await transaction.RollbackAsync(_timer.Token);
        return (report, changed);
    }

    private async Task<string> NoteAsync(long size)
    {
        await using var command = _database.Source.CreateCommand(
            $"select note from traceability.log_checkpoint where size = {size}");
        return (string)(await command.ExecuteScalarAsync(_timer.Token))!;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(_timer.Token);
    }
}
