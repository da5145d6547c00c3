using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Marten;
using Npgsql;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Operators;
using Traceability.Domain.Parts;
using Traceability.Local.PostgreSql;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Traceability.Storage.Logs;
using Traceability.Tests;
using Xunit;

namespace Traceability.IntegrationTests.Storage;

/// <summary>No database is lost by an update: what earlier versions wrote is opened, read, checked and appended.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class EarlierDatabaseTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private static readonly string Cases = Path.Combine(RepositoryFiles.Root, "tests", "cases", "databases");
    private static readonly JsonElement Keys =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Cases, "keys.json"))).RootElement;

    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private readonly CancellationTokenSource _timer = new(TimeSpan.FromMinutes(10));
    private PrivatePostgres _postgres = null!;
    private EventDatabases _databases = null!;

    public async Task InitializeAsync()
    {
        _postgres = await PrivatePostgres.StartAsync(_folder, durable: false, _timer.Token);
        _databases = new(_postgres.ConnectionString("postgres"), TimeProvider.System);
    }

    [Fact]
    public async Task The_database_of_a_company_is_opened_read_checked_and_appended()
    {
        var keys = Keys.GetProperty("packMaker");
        var id = keys.GetProperty("operatorId").GetGuid();
        var secret = SecretBox.Open(Text(keys, "keySecret"), Text(keys, "logKey"));
        await RestoreAsync("pack-maker", EventDatabases.NameOf(new(id)));

        var database = await _databases.OpenAsync(
            EventDatabases.NameOf(new(id)), LogKeys.Of(LogKeys.OriginOf(id), secret), _timer.Token);

        var footprint = await PackAsync(database);
        Assert.Equal((6032.3522432m, true), (footprint.Figures!.Total, footprint.Complete));
        await AssertWholeAsync(database, keys.GetProperty("events").GetInt32());

        await using (var session = new ActSession(
            await database.BeginAsync(new Provenance("test", null, null), 1, _timer.Token)))
        {
            var part = await session.ReadAsync<Part>(StreamNames.Part(footprint.TraceId), _timer.Token);
            await session.DecideAsync<Footprint>(
                StreamNames.Footprint(footprint.TraceId),
                existing => Footprint.RequireApproval(existing, part!, true, DateTimeOffset.UnixEpoch),
                footprint.StreamVersion,
                _timer.Token);
            await session.CommitAsync(_timer.Token);
        }

        await database.Log!.AppendAsync(_timer.Token);
        Assert.True((await PackAsync(database)).ApprovalRequired);
        await AssertWholeAsync(database, keys.GetProperty("events").GetInt32() + 1);
    }

    [Fact]
    public async Task The_database_of_the_broker_is_opened_read_and_checked()
    {
        var secret = Encoding.UTF8.GetBytes(Text(Keys.GetProperty("broker"), "logSecret"));
        await RestoreAsync("broker", "broker");

        var database = await _databases.OpenAsync("broker", LogKeys.Of(LogKeys.BrokerOrigin, secret), _timer.Token);

        await using var session = database.Query();
        Assert.Equal(34, await session.Query<Operator>().CountAsync(_timer.Token));
        await AssertWholeAsync(database, null);
    }

    [Fact]
    public async Task What_has_an_end_that_nobody_waited_for_is_looked_at_when_it_comes()
    {
        await RestoreAsync("pack-maker", "ends");
        await ExecuteAsync(
            "ends",
            """
            update traceability.mt_events set data = data || '{"validUntil": "2030-01-01T00:00:00+00:00"}'
            where type in ('contribution_declared', 'upstream_total_received', 'release_granted')
            """);

        var database = await _databases.OpenAsync("ends", null, _timer.Token);

        await using var command = database.Source.CreateCommand(
            """
            select count(distinct e.stream_id) from traceability.mt_events e
                left join traceability.part_trade about on about.trade_id = (data ->> 'tradeId')::uuid
            where data ->> 'validUntil' is not null and exists (
                select from traceability.recalculation due
                where due.trace_id in ((data ->> 'traceId')::uuid, about.part) and due.due_at = timestamptz '2030-01-01Z')
            union all
            select count(distinct stream_id) from traceability.mt_events where data ->> 'validUntil' is not null
            """);
        await using var counts = await command.ExecuteReaderAsync(_timer.Token);
        Assert.True(await counts.ReadAsync(_timer.Token));
        var awaited = counts.GetInt64(0);
        Assert.True(await counts.ReadAsync(_timer.Token));
        Assert.True(awaited > 10, $"{awaited} ends");
        Assert.Equal(counts.GetInt64(0), awaited);
    }

    public async Task DisposeAsync()
    {
        await _databases.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _timer.Dispose();
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private async Task AssertWholeAsync(EventDatabase database, int? events)
    {
        await database.Log!.AppendAsync(_timer.Token);
        var report = await HistoryCheck.RunAsync(database.Source, database.Log, [], _timer.Token);
        Assert.Empty(report.Findings);
        Assert.Equal(events ?? report.Leaves, report.Leaves);
        Assert.True(report.Leaves > 0, "nothing was logged");
        var models = await ReadModelCheck.RunAsync(database, _timer.Token);
        Assert.Empty(models.Differences);
        Assert.True(models.Streams > 0, "nothing was compared");
    }

    private async Task<Footprint> PackAsync(EventDatabase database)
    {
        await using var session = database.Query();
        var part = await session.Query<Part>().SingleAsync(
            part => part.Name == "PACK-64KWH, pack of 16 modules, 64 kWh", _timer.Token);
        return (await session.LoadAsync<Footprint>(StreamNames.Footprint(part.TraceId), _timer.Token))!;
    }

    private async Task RestoreAsync(string dump, string database)
    {
        await using var file = File.OpenRead(Path.Combine(Cases, $"{dump}.sql.gz"));
        await using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked);
        await ExecuteAsync("postgres", $"create database {database}");
        await ExecuteAsync(database, await reader.ReadToEndAsync(_timer.Token));
    }

    private async Task ExecuteAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(_postgres.ConnectionString(database));
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(_timer.Token);
    }
}
