using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Harness;

/// <summary>Real processes for the tests of one class: PostgreSQL, a broker, and the nodes of A, B and C.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class Federation : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private CancellationTokenSource? _timer;

    public LocalFederation Processes { get; private set; } = null!;

    public Story Story { get; private set; } = null!;

    /// <summary>No test waits longer.</summary>
    public CancellationToken Deadline => (_timer ??= new(TimeSpan.FromMinutes(3))).Token;

    public async Task InitializeAsync()
    {
        Processes = await LocalFederation.StartAsync(_folder, Place.Apart(Story.Companies), durable: false, _ => { }, Deadline);
        Story = new Story(Processes, _ => { });
        await Story.EnrolAsync(Deadline);
    }

    public Task<CompanyAtWork> AtWorkAsync(string company) =>
        CompanyAtWork.StartAsync(Processes, company, Deadline);

    /// <summary>The rows of a query, as text.</summary>
    public Task<IReadOnlyList<string>> RowsAsync(string database, string sql) =>
        Processes.RowsAsync(database, sql, Deadline);

    public async Task DisposeAsync()
    {
        await Processes.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        _timer?.Dispose();
    }
}
