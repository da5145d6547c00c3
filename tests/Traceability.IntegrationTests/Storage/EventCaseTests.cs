using System.Runtime.CompilerServices;
using Npgsql;
using Traceability.Domain;
using Traceability.IntegrationTests.Harness;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Traceability.Storage.Logs;
using Xunit;

namespace Traceability.IntegrationTests.Storage;

/// <summary>
/// Events are for ever: tests/cases/events holds every shape that was ever stored. The newest of each event is written
/// so, and all are still read: name.json is the first, name.2.json the next. UPDATE_LOCKS=1 adds a new event or a new
/// shape; what is there is never edited.
/// </summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class EventCaseTests : IAsyncLifetime
#pragma warning restore CA1001
{

    private static readonly string Root = Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", ".."));
    private static readonly string Cases = Path.Combine(Root, "tests", "cases", "events");

    private readonly string _name = SharedPostgres.NewName("cases");
    private readonly CancellationTokenSource _timer = new(TimeSpan.FromMinutes(10));
    private EventDatabases _databases = null!;
    private EventDatabase _database = null!;

    public async Task InitializeAsync()
    {
        await SharedPostgres.MakeAsync(_name, _timer.Token);
        var postgres = await SharedPostgres.GetAsync();
        _databases = new(postgres.ConnectionString("postgres"), TimeProvider.System);
        _database = await _databases.OpenAsync(_name, LogKeys.Of("cases", new byte[32]), _timer.Token);
    }

    [Fact]
    public async Task Every_event_is_stored_as_its_case_says()
    {
        foreach (var (name, type) in Pinned())
        {
            await _database.RecordAsync($"case/{name}", EventSample.Of(type), _timer.Token);
            var (stored, alias) = await StoredAsync($"case/{name}");

            var newest = Shapes(name).LastOrDefault();
            if (newest != stored && Environment.GetEnvironmentVariable("UPDATE_LOCKS") is not null)
            {
                var number = Shapes(name).Count() + 1;
                var file = Path.Combine(Cases, number == 1 ? $"{name}.json" : $"{name}.{number}.json");
                await File.WriteAllTextAsync(file, stored + "\n", _timer.Token);
                newest = stored;
            }

            Assert.True(newest == stored, $"{name} is stored in a new shape; UPDATE_LOCKS=1 adds it.\n{stored}");
            Assert.Equal(name, alias);
        }

        // What is logged of an event is what the database gives back of it, whatever its type.
        await _database.Log!.AppendAsync(_timer.Token);
        var report = await HistoryCheck.RunAsync(_database.Source, _database.Log, [], _timer.Token);
        Assert.Empty(report.Findings);
        Assert.Equal(Pinned().Count(), report.Leaves);
    }

    [Fact]
    public async Task Every_case_can_still_be_read()
    {
        foreach (var file in Directory.EnumerateFiles(Cases, "*.json"))
        {
            var (name, data) = (Path.GetFileName(file).Split('.')[0], await File.ReadAllTextAsync(file, _timer.Token));
            var stream = $"old/{Path.GetFileNameWithoutExtension(file)}";
            await InsertAsync(stream, name, data);

            await using var session = _database.Query();
            var read = Assert.Single(await session.Events.FetchStreamAsync(stream, token: _timer.Token)).Data;

            // Read and written again it still says what it said; members that came later are empty.
            Assert.Equal(Pinned().Single(pinned => pinned.Name == name).Type, read.GetType());
            await _database.RecordAsync($"again/{stream}", read, _timer.Token);
            Assert.True(await ContainsAsync($"again/{stream}", data), $"{file} is not read in full.");
        }
    }

    public async Task DisposeAsync()
    {
        await _databases.DisposeAsync();
        await SharedPostgres.DropAsync([_name], _timer.Token);
        _timer.Dispose();
    }

    /// <summary>All shapes of an event, oldest first.</summary>
    private static IEnumerable<string> Shapes(string name) => Directory.EnumerateFiles(Cases, $"{name}.*")
        .OrderBy(file => file.Length).ThenBy(file => file, StringComparer.Ordinal)
        .Select(file => File.ReadAllText(file).TrimEnd());

    private async Task<bool> ContainsAsync(string stream, string data)
    {
        await using var command = _database.Source.CreateCommand(
            $"select data @> $2::jsonb from {EventDatabases.Schema}.mt_events where stream_id = $1");
        command.Parameters.AddWithValue(stream);
        command.Parameters.AddWithValue(data);
        return (bool)(await command.ExecuteScalarAsync(_timer.Token))!;
    }

    private static IEnumerable<(string Name, Type Type)> Pinned() =>
        EventNames.Streams.SelectMany(stream => stream.Events).Select(pinned => (pinned.Key, pinned.Value));

    private async Task<(string Data, string Alias)> StoredAsync(string stream)
    {
        await using var command = _database.Source.CreateCommand(
            $"select jsonb_pretty(data), type from {EventDatabases.Schema}.mt_events where stream_id = $1");
        command.Parameters.AddWithValue(stream);
        await using var reader = await command.ExecuteReaderAsync(_timer.Token);
        Assert.True(await reader.ReadAsync(_timer.Token));
        return (reader.GetString(0), reader.GetString(1));
    }

    /// <summary>As another version of the product has stored it.</summary>
    private async Task InsertAsync(string stream, string name, string data)
    {
        await using var batch = _database.Source.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            $"insert into {EventDatabases.Schema}.mt_streams (id, version, tenant_id) values ($1, 1, '{_name}')")
        {
            Parameters = { new() { Value = stream } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            $"""
            insert into {EventDatabases.Schema}.mt_events
                (seq_id, id, stream_id, version, data, type, timestamp, tenant_id, mt_dotnet_type)
            values (nextval('{EventDatabases.Schema}.mt_events_sequence'), gen_random_uuid(), $1, 1, $2::jsonb, $3, now(),
                '{_name}', 'Gone, Gone')
            """)
        {
            Parameters = { new() { Value = stream }, new() { Value = data }, new() { Value = name } },
        });
        await batch.ExecuteNonQueryAsync(_timer.Token);
    }

    private static string SourceFolder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
