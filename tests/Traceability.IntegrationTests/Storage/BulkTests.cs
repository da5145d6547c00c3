using Traceability.Domain;
using Traceability.Domain.Parts;
using Traceability.Local.PostgreSql;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Traceability.Storage.Logs;
using Xunit;

namespace Traceability.IntegrationTests.Storage;

/// <summary>What is written together is, row by row, what Marten writes one by one.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class BulkTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const int Parts = 200;

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
    public async Task Together_or_one_by_one_the_rows_are_the_same()
    {
        var (together, apart) = (await OpenAsync("together"), await OpenAsync("apart"));

        await WriteAsync(together, Parts);
        await WriteAsync(apart, 1);

        foreach (var sql in new[]
        {
            "select to_jsonb(s) - 'timestamp' - 'created' - 'tenant_id' from traceability.mt_streams s order by id",
            "select to_jsonb(e) - 'id' - 'seq_id' - 'timestamp' - 'tenant_id' from traceability.mt_events e "
                + "order by stream_id, version",
            "select to_jsonb(d) - 'mt_last_modified' from traceability.mt_doc_part d order by id",
            "select to_jsonb(d) - 'mt_last_modified' from traceability.mt_doc_billofmaterials d order by id",
            "select to_jsonb(l) from traceability.bill_line l order by child, parent",
            "select to_jsonb(l) - 'salt' - 'payload_hash' - 'seal' - 'id' from traceability.log_pending l "
                + "order by stream_id, version",
        })
        {
            var rows = await RowsAsync(together, sql);
            Assert.NotEmpty(rows);
            Assert.Equal(await RowsAsync(apart, sql), rows);
        }

        foreach (var database in new[] { together, apart })
        {
            await database.Log!.AppendAsync(_timer.Token);
            var report = await HistoryCheck.RunAsync(database.Source, database.Log, [], _timer.Token);
            Assert.Equal((Parts * 2) + (Parts / 2), report.Leaves);
            Assert.Empty(report.Findings);
            Assert.Empty((await ReadModelCheck.RunAsync(database, _timer.Token)).Differences);
        }
    }

    [Fact]
    public async Task Who_is_slower_writes_nothing()
    {
        var database = await OpenAsync("race");
        await WriteAsync(database, Parts);
        await using var slow = await BeginAsync(database, turn: 1);
        for (var number = 0; number < Parts; number++)
        {
            await slow.DecideAsync<Part>(
                Stream(number), part => [new PartRetired(part!.TraceId, DateTimeOffset.UnixEpoch)], _timer.Token);
        }

        await using (var fast = await BeginAsync(database, turn: 2))
        {
            await fast.DecideAsync<Part>(
                Stream(7), part => [new PartRetired(part!.TraceId, DateTimeOffset.UnixEpoch)], _timer.Token);
            await fast.CommitAsync(_timer.Token);
        }

        await Assert.ThrowsAsync<LostRaceException>(() => slow.CommitAsync(_timer.Token));
        await slow.DisposeAsync();
        Assert.Equal(
            [$"{(Parts * 2) + (Parts / 2) + 1}"],
            await RowsAsync(database, "select to_jsonb(count(*)) from traceability.mt_events"));
    }

    public async Task DisposeAsync()
    {
        await _databases.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _timer.Dispose();
    }

    /// <summary>Parts are registered, every second made of the next, and all retired.</summary>
    /// <param name="database">Where.</param>
    /// <param name="size">How many streams go into one act.</param>
    private async Task WriteAsync(EventDatabase database, int size)
    {
        foreach (var numbers in Enumerable.Range(0, Parts).Chunk(size))
        {
            await using var session = await BeginAsync(database);
            foreach (var number in numbers)
            {
                await session.DecideAsync<Part>(
                    Stream(number),
                    _ => [new PartRegistered(
                        Id(number), $"part {number}", PartKind.Made, "piece", DateTimeOffset.UnixEpoch, $"P-{number}")],
                    _timer.Token);
            }

            await session.CommitAsync(_timer.Token);
        }

        foreach (var numbers in Enumerable.Range(0, Parts / 2).Chunk(size))
        {
            await using var session = await BeginAsync(database);
            foreach (var number in numbers)
            {
                BillOfMaterialsLine[] lines = [new(Id((number * 2) + 1), 2, "piece")];
                await session.DecideAsync<BillOfMaterials>(
                    StreamNames.BillOfMaterials(Id(number * 2)),
                    _ => [new BillOfMaterialsDeclared(Id(number * 2), lines, DateTimeOffset.UnixEpoch)],
                    _timer.Token);
            }

            await session.CommitAsync(_timer.Token);
        }

        foreach (var numbers in Enumerable.Range(0, Parts).Chunk(size))
        {
            await using var session = await BeginAsync(database);
            foreach (var number in numbers)
            {
                await session.DecideAsync<Part>(
                    Stream(number), part => [new PartRetired(part!.TraceId, DateTimeOffset.UnixEpoch)], _timer.Token);
            }

            await session.CommitAsync(_timer.Token);
        }
    }

    private static TraceId Id(int number) => new(new Guid(number, 0, 0, new byte[8]));

    private static string Stream(int number) => StreamNames.Part(Id(number));

    private Task<EventDatabase> OpenAsync(string name) =>
        _databases.OpenAsync(name, LogKeys.Of("log.example/bulk", new byte[32]), _timer.Token);

    private async Task<ActSession> BeginAsync(EventDatabase database, long turn = 1) => new(
        await database.BeginAsync(new Provenance("clerk", "00-trace-span-00", "call"), turn, _timer.Token));

    private async Task<IReadOnlyList<string>> RowsAsync(EventDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand($"select one::text from ({sql}) as rows (one)");
        await using var reader = await command.ExecuteReaderAsync(_timer.Token);
        List<string> rows = [];
        while (await reader.ReadAsync(_timer.Token))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
