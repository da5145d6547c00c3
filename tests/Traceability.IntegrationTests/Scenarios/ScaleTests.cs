using System.Diagnostics;
using System.Globalization;
using Traceability.Domain.Footprints.RollUp;
using Traceability.Local.Demo.EvBattery;
using Xunit;

namespace Traceability.IntegrationTests.Scenarios;

/// <summary>
/// A generated chain of the shape of a vehicle maker's: 30,000 products, eleven levels, goods that go into more than a
/// thousand others. The generator computes the totals in exact arithmetic.
/// </summary>
public sealed class ScaleTests : IDisposable
{
    private const int Pre = 0;
    private const int Main = 1;

    private readonly string _folder = Directory.CreateTempSubdirectory("traceability-test-").FullName;

    [PythonFact]
    public async Task A_chain_of_thirty_thousand_products_ends_as_its_generator_says()
    {
        await GenerateAsync("--products", "30000", "--firms", "6000", "--oems", "2", "--vehicles", "4", "--seed", "1");
        var numbers = Read("parts").Select((part, number) => (Key: part["traceKey"], number))
            .ToDictionary(part => part.Key, part => part.number);
        // A bought part is the supplier's product, as far as figures go.
        var products = Read("trades").ToDictionary(
            trade => trade["downstreamTraceKey"], trade => numbers[trade["upstreamTraceKey"]]);
        var lines = Read("bom");
        var totals = new RollUpTotals(
            RollUpGraph.Of(
                numbers.Count,
                [.. lines.Select(line => numbers[line["parentTraceKey"]])],
                [.. lines.Select(line => products.GetValueOrDefault(line["childTraceKey"], numbers[line["childTraceKey"]]))],
                [.. lines.Select(line => Number(line["amountRequired"]))]),
            columns: 2);
        foreach (var emission in Read("emissions"))
        {
            var own = totals.Own(numbers[emission["traceKey"]]);
            own[Pre] = Number(emission["preProduction"]) + Number(emission["preComponent"]);
            own[Main] = Number(emission["mainProduction"]) + Number(emission["mainComponent"]);
        }

        totals.RollUp();

        var expected = Read("expected");
        Assert.True(expected.Count > 100);
        Assert.All(expected, row =>
        {
            var total = totals.Total(numbers[row["traceKey"]]);
            Assert.Equal(Rounded(row["preExact"]), Math.Round(total[Pre], 12, MidpointRounding.ToEven));
            Assert.Equal(Rounded(row["mainExact"]), Math.Round(total[Main], 12, MidpointRounding.ToEven));
        });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task GenerateAsync(params string[] arguments)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "scale", "gen_scale.py");
        using var process = Process.Start(new ProcessStartInfo("python3", [script, "--out", _folder, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private List<CsvRow> Read(string name) => Chain.ReadCsv(Path.Combine(_folder, $"{name}.csv"));

    private static decimal Number(string text) =>
        text.Length == 0 ? 0 : decimal.Parse(text, CultureInfo.InvariantCulture);

    private static decimal Rounded(string exact) => Math.Round(Number(exact), 12, MidpointRounding.ToEven);
}

/// <summary>Needs python3, with which the generator is written.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute()
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Any(folder => File.Exists(Path.Combine(folder, "python3")));
        Skip = found ? null : "python3 is not on this machine; it runs tests/cases/scale/gen_scale.py.";
    }
}
