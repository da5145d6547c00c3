using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Harness;

/// <summary>Servers for the tests of one class: a broker, and the nodes of A, B and C.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public class Federation : IAsyncLifetime
#pragma warning restore CA1001
{
    private LiveFederation _live = null!;
    private CancellationTokenSource? _timer;

    public LocalFederation Processes => _live.Processes;

    public Story Story { get; private set; } = null!;

    /// <summary>No test waits longer.</summary>
    public CancellationToken Deadline => (_timer ??= new(TimeSpan.FromMinutes(10))).Token;

    /// <summary>Whether each server is a process.</summary>
    protected virtual bool Apart => false;

    /// <summary>Of all servers; null: the machine's.</summary>
    protected virtual MovableClock? ServersClock => null;

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync(Place.Apart(Story.Companies), apart: Apart, clock: ServersClock);
        Story = new Story(Processes, _ => { });
        await _live.EnrolAsync();
    }

    public Task<CompanyAtWork> AtWorkAsync(string company) =>
        CompanyAtWork.StartAsync(Processes, company, Deadline);

    /// <summary>The rows of a query, as text.</summary>
    public Task<IReadOnlyList<string>> RowsAsync(string database, string sql) =>
        Processes.RowsAsync(database, sql, Deadline);

    public async Task DisposeAsync()
    {
        await _live.DisposeAsync();
        _timer?.Dispose();
    }
}

/// <summary>The same with a process for each server: for tests that kill them or read what only a process has.</summary>
public sealed class ApartFederation : Federation
{
    protected override bool Apart => true;
}

/// <summary>The same with a clock that can be moved, for all of its servers.</summary>
public sealed class FederationInTime : Federation
{
    public MovableClock Clock { get; } = new();

    protected override MovableClock? ServersClock => Clock;
}
