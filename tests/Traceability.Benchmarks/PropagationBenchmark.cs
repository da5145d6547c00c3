using System.Globalization;
using Npgsql;
using Spectre.Console;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Demo;
using Traceability.Local.Federation;

namespace Traceability.Benchmarks;

/// <summary>
/// Real processes on one machine, durable commits: the first company changes, the last one's total is new.
/// </summary>
internal static class PropagationBenchmark
{
    private const int Warmup = 300;
    private const int Runs = 200;

    /// <summary>
    /// On the way from one company's total to the next one's: received, rolled up, signed, taken by the broker.
    /// </summary>
    private const int CommitsPerHop = 4;

    /// <summary>The customer's key, the disclosure, the supplier's keys.</summary>
    private const int CallsPerHop = 3;

    public static Task AllAsync(CancellationToken cancellationToken) => RunAsync([2, 3, 5, 10], cancellationToken);

    public static Task TwoHopsAsync(CancellationToken cancellationToken) => RunAsync([3], cancellationToken);

    private static async Task RunAsync(int[] sizes, CancellationToken cancellationToken)
    {
        var table = Measure.Table(
            "From the first company's change to the last one's new total, milliseconds", "companies", "hops", "p50", "p99",
            "bare commits and calls", "ratio of p50");
        foreach (var companies in sizes)
        {
            await AddAsync(table, companies, cancellationToken);
        }

        AnsiConsole.Write(table);
    }

    private static async Task AddAsync(Table table, int companies, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("traceability-benchmark-").FullName;
        string[] names = [.. Enumerable.Range(1, companies).Select(number => $"C{number}")];
        await using (var federation = await LocalFederation.StartAsync(
            folder, Place.Apart(names), durable: true, _ => { }, cancellationToken))
        {
            await new Story(federation, _ => { }).EnrolAsync(cancellationToken);
            var (first, last) = await ChainAsync(federation, names, cancellationToken);
            var times = await TimesAsync(federation, names, first, last, cancellationToken);
            var (commit, call) = await BareAsync(federation, names[0], first, cancellationToken);
            var bare = (commit * ((CommitsPerHop * (companies - 1)) + 2)) + (call * ((CallsPerHop * (companies - 1)) + 1));
            var p50 = Measure.Percentile(times, 0.5);
            table.AddRow(
                $"{companies}", $"{companies - 1}", Measure.Milliseconds(p50),
                Measure.Milliseconds(Measure.Percentile(times, 0.99)), Measure.Milliseconds(bare), Measure.Ratio(p50, bare));
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Each company buys from the one before it, and adds 1 kg.</summary>
    private static async Task<(string First, string Last)> ChainAsync(
        LocalFederation federation, string[] names, CancellationToken cancellationToken)
    {
        string first = "", made = "";
        CompanyAtWork? supplier = null;
        foreach (var (index, name) in names.Index())
        {
            var company = await CompanyAtWork.StartAsync(federation, name, cancellationToken);
            var product = await company.RegisterAsync($"product {index}", PartKind.Made);
            await company.DeclareAsync(product, "1");
            if (supplier is not null)
            {
                var bought = await company.RegisterAsync("bought", PartKind.Bought);
                await company.ContainsAsync(product, bought, "1");
                var trade = await company.RequestAsync(supplier.Company, bought, "");
                await supplier.AnswerAsync(trade, made, cancellationToken);
                supplier.Dispose();
            }
            else
            {
                first = product;
            }

            (supplier, made) = (company, product);
        }

        await supplier!.WaitForTotalAsync(made, $"{names.Length}", cancellationToken);
        supplier.Dispose();
        return (first, made);
    }

    private static async Task<TimeSpan[]> TimesAsync(
        LocalFederation federation, string[] names, string first, string last, CancellationToken cancellationToken)
    {
        using var head = await CompanyAtWork.StartAsync(federation, names[0], cancellationToken);
        using var tail = await CompanyAtWork.StartAsync(federation, names[^1], cancellationToken);
        using var watch = tail.Footprints.WatchFootprint(
            new WatchFootprintRequest { TraceId = last },
            tail.Call.WithDeadline(TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(10)));
        for (var run = 0; run < Warmup; run++)
        {
            await ChangeAsync(run);
        }

        return await Measure.EachAsync(Runs, run => ChangeAsync(Warmup + run));

        async Task ChangeAsync(int run)
        {
            var own = 1 + ((run + 1) / 1000m);
            var total = (own + names.Length - 1).ToString("0.###", CultureInfo.InvariantCulture);
            await head.DeclareAsync(first, own.ToString("0.###", CultureInfo.InvariantCulture));
            while (await watch.ResponseStream.MoveNext(cancellationToken))
            {
                if (watch.ResponseStream.Current.Footprint.Figures.Total == total)
                {
                    return;
                }
            }
        }
    }

    /// <summary>One durable commit of one row, and one call that reads one record, at half of all times.</summary>
    private static async Task<(TimeSpan Commit, TimeSpan Call)> BareAsync(
        LocalFederation federation, string name, string part, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(federation.ConnectionString("postgres"));
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var create = new NpgsqlCommand("create table bare (id int, data jsonb)", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
        await using var insert = new NpgsqlCommand("insert into bare values (1, '{\"total\": 3}')", connection);
        await insert.PrepareAsync(cancellationToken);
        var commits = await Measure.EachAsync(300, _ => insert.ExecuteNonQueryAsync(cancellationToken));
        using var company = await CompanyAtWork.StartAsync(federation, name, cancellationToken);
        var calls = await Measure.EachAsync(300, async _ =>
            await company.Parts.GetPartAsync(new GetPartRequest { TraceId = part }, company.Call));
        return (Measure.Percentile(commits, 0.5), Measure.Percentile(calls, 0.5));
    }
}
