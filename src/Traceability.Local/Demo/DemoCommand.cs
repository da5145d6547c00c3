using Spectre.Console;
using Traceability.Local.Federation;

namespace Traceability.Local.Demo;

/// <summary>Plays the story in front of somebody, and checks every figure and every "may not see".</summary>
internal sealed class DemoCommand(string folder, bool exit)
{
    private readonly List<string> _failures = [];

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        Screen.Prepare();
        AnsiConsole.MarkupLine("[bold]Three companies, one broker, and nobody shows more than a total[/]");
        await using var federation = await LocalFederation.StartAsync(
            folder, Place.Apart(Story.Companies), durable: true, what => Screen.Tell($"starting {what}"),
            cancellationToken);
        var story = new Story(federation, Screen.Tell);
        await story.EnrolAsync(cancellationToken);
        var parts = await story.PlayAsync(("3", "5", "10"), _ => Task.CompletedTask, cancellationToken);

        using var c = await CompanyAtWork.StartAsync(federation, Story.C, cancellationToken);
        var pack = await c.WaitForTotalAsync(parts.Pack, "18", cancellationToken);
        Screen.Tell("the broker carried A's total to B and B's to C, sealed; C's node has added up.");
        await ShowAsync(federation, story, parts, pack, cancellationToken);

        if (_failures.Count > 0)
        {
            _failures.ForEach(failure => AnsiConsole.MarkupLineInterpolated($"[red]failed[/] {failure}"));
            return 1;
        }

        Console.WriteLine($"cradle-to-gate total: {pack.Figures.Total} kg CO2e");
        if (!exit)
        {
            await Screen.StayAsync(
                federation,
                $"""
                deploy/trace --as A footprint declare cathode 4          # a change at the far end ...
                deploy/trace --as C footprint show "battery pack"        # ... makes C's total 19, by itself
                deploy/trace --as C footprint show {parts.Cathode}    # refused: not C's to see
                deploy/trace --as A release revoke {parts.TradeAb}    # and C's total is incomplete, not lighter
                """,
                cancellationToken);
        }

        return 0;
    }

    private async Task ShowAsync(
        LocalFederation federation, Story story, StoryParts parts, Contracts.Node.V1.Footprint pack,
        CancellationToken cancellationToken)
    {
        using var b = await CompanyAtWork.StartAsync(federation, Story.B, cancellationToken);
        using var a = await CompanyAtWork.StartAsync(federation, Story.A, cancellationToken);
        var module = await b.FootprintAsync(parts.Module);
        var cathode = await a.FootprintAsync(parts.Cathode);

        var table = new Table().AddColumns("company", "own", "received", "total", "may not see");
        AddRow("A", cathode, "its customers' figures");
        AddRow("B", module, "C's figures");
        AddRow("C", pack, "A at all, B's own 5");
        AnsiConsole.Write(table);

        Check("A's total is 3", cathode.Figures.Total == "3");
        Check("B's total is 8", module.Figures.Total == "8");
        Check("C received 8 and nothing else", pack.Lines.Single().Figures is { Total: "8", Stages.Count: 0 });
        Check("C may not see A's cathode", await story.IsHiddenAsync("C", "C", parts.Cathode, cancellationToken));
        Check("C may not see B's module", await story.IsHiddenAsync("C", "C", parts.Module, cancellationToken));
        Check("C may not ask A's node", await story.IsHiddenAsync("C", "A", parts.Cathode, cancellationToken));
        Check("C may not ask B's node", await story.IsHiddenAsync("C", "B", parts.Module, cancellationToken));
        Check("A may not ask C's node", await story.IsHiddenAsync("A", "C", parts.Pack, cancellationToken));

        void AddRow(string name, Contracts.Node.V1.Footprint footprint, string hidden) => table.AddRow(
            name,
            $"{footprint.Contribution.Figures.Total} kg",
            footprint.Lines.Count == 0 ? "-" : $"{footprint.Lines[0].Figures.Total} kg",
            $"{footprint.Figures.Total} kg",
            hidden);
    }

    private void Check(string what, bool holds)
    {
        AnsiConsole.MarkupLineInterpolated($"  {(holds ? "holds " : "FAILED")} {what}");
        if (!holds)
        {
            _failures.Add(what);
        }
    }
}
