using Traceability.Domain;
using Traceability.Domain.Parts;
using Traceability.Local.PostgreSql;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Xunit;

namespace Traceability.IntegrationTests.Storage;

/// <summary>What we rely on of Marten: a new version that behaves otherwise is found here first.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class MartenTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private static readonly TraceId Id = new(Guid.CreateVersion7());
    private static readonly string Stream = StreamNames.Part(Id);

    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private readonly CancellationTokenSource _timer = new(TimeSpan.FromMinutes(10));
    private PrivatePostgres _postgres = null!;
    private EventDatabases _databases = null!;
    private EventDatabase _database = null!;

    public async Task InitializeAsync()
    {
        _postgres = await PrivatePostgres.StartAsync(_folder, durable: false, _timer.Token);
        _databases = new(_postgres.ConnectionString("postgres"), TimeProvider.System);
        _database = await OpenAsync("one");
    }

    [Fact]
    public async Task Of_two_that_start_the_same_stream_one_loses_whole()
    {
        await using var one = await BeginAsync(_database, 1);
        await using var other = await BeginAsync(_database, 2);
        await RegisterAsync(one, "one");
        await RegisterAsync(other, "other");
        await other.RecordAsync("note/1", new PartRetired(Id, DateTimeOffset.UnixEpoch), _timer.Token);
        await one.CommitAsync(_timer.Token);

        await Assert.ThrowsAsync<LostRaceException>(() => other.CommitAsync(_timer.Token));
        await other.DisposeAsync();

        Assert.Equal([Stream], await RowsAsync(_database, "select stream_id from traceability.mt_events"));
        Assert.Equal("one", (await PartAsync(_database))!.Name);
    }

    /// <summary>What was disposed twice would roll back whoever has its connection by then.</summary>
    [Fact]
    public async Task A_session_disposed_twice_does_not_touch_the_transaction_of_the_next()
    {
        var first = await BeginAsync(_database, 1);
        await first.DisposeAsync();
        await using var next = await BeginAsync(_database, 2);
        await RegisterAsync(next, "next");
        await next.FlushAsync(_timer.Token);

        await first.DisposeAsync();
        await next.CommitAsync(_timer.Token);

        Assert.Equal("next", (await PartAsync(_database))!.Name);
    }

    [Fact]
    public async Task Of_two_that_go_on_with_the_same_stream_one_loses_whole()
    {
        await CommitAsync(_database, session => RegisterAsync(session, "part"));
        await using var one = await BeginAsync(_database, 1);
        await using var other = await BeginAsync(_database, 2);
        await RetireAsync(one);
        await RetireAsync(other);
        await one.CommitAsync(_timer.Token);

        await Assert.ThrowsAsync<LostRaceException>(() => other.CommitAsync(_timer.Token));
    }

    /// <summary>Events, what they fold to, and what was queued with them: all or nothing, and in order.</summary>
    [Fact]
    public async Task What_is_queued_is_committed_with_the_events_in_the_order_of_its_queueing()
    {
        const string Insert =
            "insert into traceability.outbox (kind, key, payload, traceparent) values ('test', ?, '', '')";
        await CommitAsync(_database, async session =>
        {
            session.Queue(Insert, "1");
            await RegisterAsync(session, "part");
            session.Queue(Insert, "2");
            await RetireAsync(session);
            session.Queue(Insert, "3");
        });
        await using (var lost = await BeginAsync(_database, 1))
        {
            lost.Queue(Insert, "4");
            await lost.FlushAsync(_timer.Token);
        }

        Assert.Equal(["1", "2", "3"], await RowsAsync(_database, "select key from traceability.outbox order by id"));
        Assert.Equal((2, true), ((await PartAsync(_database))!.StreamVersion, (await PartAsync(_database))!.Retired));
    }

    [Fact]
    public async Task Events_are_stored_under_their_pinned_names()
    {
        await CommitAsync(_database, session => RegisterAsync(session, "part"));
        await CommitAsync(_database, RetireAsync);

        Assert.Equal(
            ["part_registered", "part_retired"],
            await RowsAsync(_database, "select type from traceability.mt_events order by seq_id"));
    }

    [Fact]
    public async Task What_is_in_one_database_is_not_in_another()
    {
        var other = await OpenAsync("other");
        await CommitAsync(_database, session => RegisterAsync(session, "part"));

        Assert.NotNull(await PartAsync(_database));
        Assert.Null(await PartAsync(other));
        Assert.Empty(await RowsAsync(other, "select stream_id from traceability.mt_events"));
        await CommitAsync(other, session => RegisterAsync(session, "the same id, another company"));
        Assert.Equal("part", (await PartAsync(_database))!.Name);
    }

    public async Task DisposeAsync()
    {
        await _databases.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _timer.Dispose();
    }

    private Task<EventDatabase> OpenAsync(string name) =>
        _databases.OpenAsync(name, LogKeys.Of($"log.example/{name}", new byte[32]), _timer.Token);

    private async Task<ActSession> BeginAsync(EventDatabase database, long turn) => new(
        await database.BeginAsync(new Provenance("test", null, null), turn, _timer.Token));

    private async Task CommitAsync(EventDatabase database, Func<ActSession, Task> act)
    {
        await using var session = await BeginAsync(database, 1);
        await act(session);
        await session.CommitAsync(_timer.Token);
    }

    private Task<Decided<Part>> RegisterAsync(ActSession session, string name) => session.DecideAsync<Part>(
        Stream,
        _ => [new PartRegistered(Id, name, PartKind.Made, "piece", DateTimeOffset.UnixEpoch)],
        _timer.Token);

    private Task<Decided<Part>> RetireAsync(ActSession session) => session.DecideAsync<Part>(
        Stream, _ => [new PartRetired(Id, DateTimeOffset.UnixEpoch)], _timer.Token);

    private async Task<Part?> PartAsync(EventDatabase database)
    {
        await using var session = database.Query();
        return await session.LoadAsync<Part>(Stream, _timer.Token);
    }

    private async Task<IReadOnlyList<string>> RowsAsync(EventDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(_timer.Token);
        List<string> rows = [];
        while (await reader.ReadAsync(_timer.Token))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
