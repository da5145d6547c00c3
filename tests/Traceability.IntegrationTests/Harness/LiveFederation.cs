using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Local.Demo;
using Traceability.Local.Federation;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// Servers for one test, with companies and nodes of its own choice; <see cref="Federation"/> is the usual one. They share
/// the process of the tests and its PostgreSQL, unless they are started apart.
/// </summary>
public sealed class LiveFederation : IAsyncDisposable
{
    private static readonly TimeSpan CleanUpDeadline = TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;
    private readonly CancellationTokenSource _timer;
    private readonly bool _ownPostgres;
    private int _newCompanies;

    private LiveFederation(TimeSpan longest, bool ownPostgres) => (_timer, _ownPostgres) = (new(longest), ownPostgres);

    public LocalFederation Processes { get; private set; } = null!;

    /// <summary>No test waits longer.</summary>
    public CancellationToken Deadline => _timer.Token;

    /// <param name="places">The companies, and the nodes they live on.</param>
    /// <param name="settings">Of all servers.</param>
    /// <param name="minutes">The longest that a test may take.</param>
    /// <param name="apart">Whether each server is a process: where it is killed, or is what the test is about.</param>
    /// <param name="ownPostgres">Whether PostgreSQL is the federation's own, and as durable as in production.</param>
    /// <param name="clock">Of all servers, where they are in this process; null: the machine's.</param>
    public static async Task<LiveFederation> StartAsync(
        IReadOnlyList<Place> places, FederationSettings? settings = null, int minutes = 10, bool apart = false,
        bool ownPostgres = false, MovableClock? clock = null) =>
        await StartAsync(places, settings, minutes, apart, ownPostgres, plain: null, clock);

    /// <summary>In this process, with a second door to every server.</summary>
    internal static async Task<LiveFederation> StartAsync(
        IReadOnlyList<Place> places, FederationSettings settings, int minutes, PlainDoor plain) =>
        await StartAsync(places, settings, minutes, apart: false, ownPostgres: false, plain);

    private static async Task<LiveFederation> StartAsync(
        IReadOnlyList<Place> places, FederationSettings? settings, int minutes, bool apart, bool ownPostgres,
        PlainDoor? plain, MovableClock? clock = null)
    {
        var live = new LiveFederation(TimeSpan.FromMinutes(minutes), ownPostgres);
        live.Processes = await LocalFederation.StartAsync(
            live._folder, places, durable: ownPostgres, _ => { }, live.Deadline, settings,
            await SharedPostgres.GroundAsync(apart, ownPostgres, plain, clock));
        return live;
    }

    /// <summary>All companies become members.</summary>
    public Task EnrolAsync() => new Story(Processes, _ => { }).EnrolAsync(Deadline);

    public Task<CompanyAtWork> AtWorkAsync(string company) => CompanyAtWork.StartAsync(Processes, company, Deadline);

    /// <summary>
    /// A company that nobody knows yet, on a node that runs: registered, a member, at work, and with a database of its own.
    /// What a test leaves behind in it disturbs no other.
    /// </summary>
    /// <param name="node">Where it is hosted.</param>
    /// <param name="listed">Whether all members see it.</param>
    /// <param name="number">By which it can be found.</param>
    public async Task<CompanyAtWork> NewCompanyAsync(string node, bool listed = true, string number = "")
    {
        var name = $"new-{Interlocked.Increment(ref _newCompanies)}";
        await Processes.AddAsync(name, node, Deadline);
        using var administrator = await FederationClient.ForAdministratorAsync(Processes, Deadline);
        await new DirectoryService.DirectoryServiceClient(administrator.Channel).EnrolOperatorAsync(
            new()
            {
                OperatorId = $"{Processes.Company(name).OperatorId}",
                Name = $"Company {name}",
                Listed = listed,
                BusinessNumbers = { number.Length > 0 ? [number] : Array.Empty<string>() },
            },
            administrator.Call);
        var company = await AtWorkAsync(name);
        await Wait.UntilAsync(
            async () =>
            {
                try
                {
                    await company.Parts.ListPartsAsync(new() { PageSize = 1 }, company.Call);
                    return true;
                }
                catch (RpcException exception) when (exception.StatusCode == StatusCode.PermissionDenied)
                {
                    // The node has not looked yet.
                    return false;
                }
            },
            Deadline);
        return company;
    }

    /// <summary>The rows of a query in a company's own database, as text.</summary>
    public Task<IReadOnlyList<string>> RowsAsync(CompanyAtWork company, string sql) =>
        Processes.RowsAsync(Databases.Of(company), sql, Deadline);

    /// <summary>What an administrator could do to a company's own database.</summary>
    public Task ExecuteAsync(CompanyAtWork company, string sql) =>
        Processes.ExecuteAsync(Databases.Of(company), sql, Deadline);

    public async ValueTask DisposeAsync()
    {
        await Processes.DisposeAsync();
        if (!_ownPostgres)
        {
            using var cleanUp = new CancellationTokenSource(CleanUpDeadline);
            await SharedPostgres.DropAsync(
                [Processes.BrokerDatabase, .. Processes.Companies.Select(company => Databases.Of(company))], cleanUp.Token);
        }

        Directory.Delete(_folder, recursive: true);
        _timer.Dispose();
    }
}
