using Traceability.Local.Demo;
using Traceability.Local.Federation;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// Real processes for one test, with companies and nodes of its own choice; <see cref="Federation"/> is the usual one.
/// </summary>
public sealed class LiveFederation : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private readonly CancellationTokenSource _timer;

    private LiveFederation(TimeSpan longest) => _timer = new(longest);

    public LocalFederation Processes { get; private set; } = null!;

    /// <summary>No test waits longer.</summary>
    public CancellationToken Deadline => _timer.Token;

    public static async Task<LiveFederation> StartAsync(
        IReadOnlyList<Place> places, FederationSettings? settings = null, int minutes = 5)
    {
        var live = new LiveFederation(TimeSpan.FromMinutes(minutes));
        live.Processes = await LocalFederation.StartAsync(
            live._folder, places, durable: false, _ => { }, live.Deadline, settings);
        return live;
    }

    /// <summary>All companies become members.</summary>
    public Task EnrolAsync() => new Story(Processes, _ => { }).EnrolAsync(Deadline);

    public Task<CompanyAtWork> AtWorkAsync(string company) => CompanyAtWork.StartAsync(Processes, company, Deadline);

    /// <summary>The rows of a query in a company's own database, as text.</summary>
    public Task<IReadOnlyList<string>> RowsAsync(CompanyAtWork company, string sql) =>
        Processes.RowsAsync(Databases.Of(company), sql, Deadline);

    /// <summary>What an administrator could do to a company's own database.</summary>
    public Task ExecuteAsync(CompanyAtWork company, string sql) =>
        Processes.ExecuteAsync(Databases.Of(company), sql, Deadline);

    public async ValueTask DisposeAsync()
    {
        await Processes.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _timer.Dispose();
    }
}
