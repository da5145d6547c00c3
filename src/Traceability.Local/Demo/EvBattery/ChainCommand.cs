using Spectre.Console;
using Traceability.Local.Federation;

namespace Traceability.Local.Demo.EvBattery;

/// <summary>Loads the chain in front of somebody, and prints its totals beside the expected ones.</summary>
internal sealed class ChainCommand(string folder, bool exit, FileInfo? bundle, DirectoryInfo? exports)
{
    private const string BundledVehicle = "VEH_K";

    private readonly Chain _chain = Chain.Load();

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Screen.Prepare();
        AnsiConsole.MarkupLine("[bold]34 companies, nine levels: from ore to two vehicles[/]");
        await using var federation = await LocalFederation.StartAsync(
            folder, _chain.Places, durable: true, what => Screen.Tell($"starting {what}"), cancellationToken);
        var story = new ChainStory(federation, _chain, Screen.Tell);
        await story.PlayAsync(cancellationToken);
        var same = await ShowAsync(story, cancellationToken);
        if (bundle is not null)
        {
            await WriteBundleAsync(federation, bundle, cancellationToken);
        }

        if (exports is not null)
        {
            await WriteExportsAsync(federation, exports, cancellationToken);
        }

        if (!exit)
        {
            await Screen.StayAsync(
                federation,
                $"""
                deploy/trace --as SAKURA footprint hot-spots {_chain.TraceId("PACK64")}
                deploy/trace --as MATSU footprint declare {_chain.TraceId("MHP")} 3.65 --stage RawMaterial --year 2025
                deploy/trace --as KAEDE footprint show {_chain.TraceId("VEH_K")}    # the vehicle has followed
                """,
                cancellationToken);
        }

        return same ? 0 : 1;
    }

    private async Task WriteBundleAsync(
        LocalFederation federation, FileInfo target, CancellationToken cancellationToken)
    {
        using var owner = await CompanyAtWork.StartAsync(federation, _chain.Owner(BundledVehicle), cancellationToken);
        var bytes = await owner.BundleAsync(_chain.TraceId(BundledVehicle), cancellationToken);
        await File.WriteAllBytesAsync(target.FullName, bytes, cancellationToken);
        AnsiConsole.MarkupLineInterpolated(
            $"The evidence behind {BundledVehicle} is in {target.FullName}: deploy/trace audit verify {target.Name}");
    }

    private async Task WriteExportsAsync(
        LocalFederation federation, DirectoryInfo target, CancellationToken cancellationToken)
    {
        target.Create();
        foreach (var key in Chain.Exported)
        {
            using var owner = await CompanyAtWork.StartAsync(federation, _chain.Owner(key), cancellationToken);
            foreach (var (name, content) in await ChainExports.OfAsync(_chain, owner, key, cancellationToken))
            {
                await File.WriteAllBytesAsync(Path.Combine(target.FullName, name), content, cancellationToken);
            }
        }

        AnsiConsole.MarkupLineInterpolated(
            $"{target.GetFiles().Length} files are in {target.FullName}; beside each lies what it was made of.");
    }

    private async Task<bool> ShowAsync(ChainStory story, CancellationToken cancellationToken)
    {
        var table = new Table().AddColumns("part", "made by", "kg CO2e", "expected", "");
        var same = true;
        foreach (var key in Chain.Headlines)
        {
            var footprint = await story.CompleteAsync(key, cancellationToken);
            var expected = _chain.Expected.Single(row => row["traceKey"] == key)["total"];
            var equal = footprint.Figures.Total == expected;
            same &= equal;
            var verdict = equal ? "same" : "[red]DIFFERENT[/]";
            table.AddRow(key, _chain.Owner(key), footprint.Figures.Total, expected, verdict);
        }

        AnsiConsole.Write(table);
        return same;
    }
}
