using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Spectre.Console;
using Traceability.Contracts.Node.V1;
using Traceability.Local.Demo;
using Traceability.Local.Federation;

namespace Traceability.Benchmarks;

/// <summary>
/// Whether time tells a stranger what the answer does not: the same question about a record of a neighbour on the same
/// node and about nothing at all, in random order.
/// </summary>
internal static class StrangerBenchmark
{
    private const int Warmup = 500;
    private const int Calls = 1000;

    /// <summary>Beyond this the two would be told apart, one time in a hundred by chance (two-sided, 1 %).</summary>
    private const double CriticalZ = 2.576;

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("traceability-benchmark-").FullName;
        await using (var federation = await LocalFederation.StartAsync(
            folder, [new("one", "shared"), new("other", "shared")], durable: true, _ => { }, cancellationToken))
        {
            await new Story(federation, _ => { }).EnrolAsync(cancellationToken);
            using var one = await CompanyAtWork.StartAsync(federation, "one", cancellationToken);
            using var other = await CompanyAtWork.StartAsync(federation, "other", cancellationToken);
            var part = await one.RegisterAsync("secret", PartKind.Made);
            await one.DeclareAsync(part, "5");
            var table = Measure.Table(
                $"A stranger's question, {Calls} calls each, microseconds", "rpc", "p50 of a neighbour's record",
                "p50 of nothing", "z of Mann-Whitney", "told apart");
            await AddAsync("GetPart", id => other.Parts.GetPartAsync(new() { TraceId = id }, other.Call).ResponseAsync);
            await AddAsync(
                "GetFootprint", id => other.Footprints.GetFootprintAsync(new() { TraceId = id }, other.Call).ResponseAsync);
            await AddAsync("GetTrade", id => other.Trades.GetTradeAsync(new() { TradeId = id }, other.Call).ResponseAsync);
            AnsiConsole.Write(table);

            async Task AddAsync(string rpc, Func<string, Task> ask)
            {
                var (hidden, none) = await TimeAsync(part, ask);
                var z = MannWhitney(hidden, none);
                table.AddRow(
                    rpc, Middle(hidden), Middle(none), z.ToString("0.00", CultureInfo.InvariantCulture),
                    Math.Abs(z) > CriticalZ ? "YES" : "no");
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<(double[] Hidden, double[] None)> TimeAsync(string part, Func<string, Task> ask)
    {
        var random = new Random(1);
        var (hidden, none) = (new List<double>(), new List<double>());
        for (var call = 0; call < Warmup; call++)
        {
            await AskAsync(part);
        }

        while (hidden.Count < Calls || none.Count < Calls)
        {
            var (id, times) = random.Next(2) == 0 ? (part, hidden) : (Guid.CreateVersion7().ToString(), none);
            var start = Stopwatch.GetTimestamp();
            await AskAsync(id);
            if (times.Count < Calls)
            {
                times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
        }

        return ([.. hidden], [.. none]);

        async Task AskAsync(string id)
        {
            try
            {
                await ask(id);
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
            {
                // The stranger's answer.
            }
        }
    }

    /// <summary>How far the ranks of one sample are from those of the other, in standard deviations.</summary>
    private static double MannWhitney(double[] one, double[] other)
    {
        var ranked = one.Select(time => (time, IsOne: true)).Concat(other.Select(time => (time, IsOne: false)))
            .OrderBy(pair => pair.time).Select((pair, rank) => (pair.IsOne, Rank: rank + 1d));
        var sum = ranked.Where(pair => pair.IsOne).Sum(pair => pair.Rank);
        double n = one.Length, m = other.Length;
        var expected = n * (n + m + 1) / 2;
        return (sum - expected) / Math.Sqrt(n * m * (n + m + 1) / 12);
    }

    private static string Middle(double[] times) =>
        times.Order().ElementAt(times.Length / 2).ToString("0", CultureInfo.InvariantCulture);
}
