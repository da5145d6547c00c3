using Traceability.Benchmarks;

var benchmarks = new Dictionary<string, (string What, Func<CancellationToken, Task> Run)>
{
    ["roll-up"] = ("full and incremental roll-up, against a bare array loop and against SQL", RollUpBenchmark.RunAsync),
    ["propagation"] = ("a change at the far end of 2, 3, 5 and 10 companies", PropagationBenchmark.AllAsync),
    ["two-hops"] = ("the same for 3 companies only", PropagationBenchmark.TwoHopsAsync),
    ["stranger"] = ("whether time tells what a refusal does not", StrangerBenchmark.RunAsync),
    ["history"] = ("the log, replay and rebuild of a million events, against COPY", HistoryBenchmark.RunAsync),
    ["import"] = ("10,000 lines into a node, against bare inserts", ImportBenchmark.RunAsync),
};
// Servers of the benchmarks are optimised as in production, not as those of tests (hexadecimal: 100 ms).
Environment.SetEnvironmentVariable("DOTNET_TC_CallCountingDelayMs", "64");
if (args is [var name] && benchmarks.TryGetValue(name, out var chosen))
{
    await chosen.Run(CancellationToken.None);
    return 0;
}

Console.WriteLine("Each prints a table with ratios measured in one run. Names:");
foreach (var (key, (what, _)) in benchmarks)
{
    Console.WriteLine($"  {key,-12} {what}");
}

Console.WriteLine("Example: dotnet run -c Release --project tests/Traceability.Benchmarks -- roll-up");
return args is ["list"] ? 0 : 1;
