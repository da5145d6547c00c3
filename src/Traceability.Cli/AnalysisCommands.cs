using System.CommandLine;
using Spectre.Console;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>
/// Questions about footprints: `trace footprint history | compare | hot-spots | what-if | alternatives`.
/// </summary>
internal static class AnalysisCommands
{
    public static Verb History() => Common.OnPart(
        "footprint",
        "history",
        "Lists the versions of a footprint, newest first, each with what led to it.",
        "\"battery pack\"",
        async (id, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Footprints.ListFootprintVersionsAsync(
                new() { TraceId = id, PageSize = 1000, PageToken = token }, session.Call));
            var names = await session.NamesAsync(
                answer.Versions.SelectMany(version => version.Changes).Select(change => change.ChildTraceId));
            var table = Output.Rows(
                ["version", "when", "total", "because"],
                answer.Versions.Select(version => new[]
                {
                    $"{version.Version}",
                    Output.Time(version.RollUpTime),
                    Total(version.Figures, version.Complete),
                    string.Join("; ", version.Changes.Select(change => Sentence(change, names)))
                        + (version.ChangesLeftOff > 0 ? $"; and {version.ChangesLeftOff} more: footprint compare" : ""),
                }));
            output.Show(answer, table, $"trace footprint compare {id} --before 1");
        });

    public static Verb Compare()
    {
        var part = Common.Part;
        var before = new Option<long>("--before") { Description = "The older version; 0 is nothing.", Required = true };
        var after = new Option<long>("--after") { Description = "The newer version; without it the last." };
        return new(
            "compare",
            "Explains the difference between two versions of a footprint.",
            "footprint compare \"battery pack\" --before 1",
            async (parsed, session, output) =>
            {
                var request = new CompareFootprintsRequest
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    BeforeVersion = parsed.GetValue(before),
                    AfterVersion = parsed.GetValue(after),
                };
                var answer = await Session.AllAsync(async token =>
                {
                    request.PageToken = token;
                    return await session.Footprints.CompareFootprintsAsync(request, session.Call);
                });
                var names = await session.NamesAsync(answer.Changes.Select(change => change.ChildTraceId));
                var facts = Output.Facts(
                [
                    ("before", Total(answer.Before?.Figures, answer.Before?.Complete ?? false)),
                    ("after", Total(answer.After.Figures, answer.After.Complete)),
                    ("difference", Difference(answer)),
                    .. answer.Changes.Select(change => ("because", Sentence(change, names))),
                ]);
                output.Show(answer, facts, $"trace footprint hot-spots {request.TraceId}");
            },
            part, before, after);
    }

    public static Verb HotSpots() => Common.OnPart(
        "footprint",
        "hot-spots",
        "Lists what contributes most to a part, over all levels in the company.",
        "\"battery pack\"",
        async (id, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Footprints.ListHotSpotsAsync(
                new() { TraceId = id, PageSize = 1000, PageToken = token }, session.Call));
            var names = await session.NamesAsync(answer.HotSpots.Select(spot => spot.TraceId));
            var table = Output.Rows(
                ["share", "kg CO2e", "part", "says"],
                answer.HotSpots.Select(spot => new[]
                {
                    spot.Share, spot.Amount, names(spot.TraceId),
                    Output.Word(spot.Origin),
                }));
            var total = Output.Facts(("total", Total(answer.Figures, answer.Complete)));
            output.Show(answer, new Rows(total, table), $"trace footprint what-if {id} --figure PART=AMOUNT");
        });

    public static Verb WhatIf()
    {
        var part = Common.Part;
        var figures = new Option<string[]>("--figure")
        {
            Description = "PART=AMOUNT: another own figure, or answer of a supplier, in kg CO2e; may be repeated.",
            DefaultValueFactory = _ => [],
        };
        var lines = new Option<string[]>("--line")
        {
            Description = "PART=QUANTITY with an optional unit, as in `bill declare`; 0 takes the line out.",
            DefaultValueFactory = _ => [],
        };
        return new(
            "what-if",
            "Computes what a footprint would be if figures or lines were different. Stores nothing.",
            "footprint what-if \"battery pack\" --figure \"module from B=7.5\"",
            async (parsed, session, output) =>
            {
                var request = new SimulateFootprintRequest
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                };
                foreach (var text in parsed.GetValue(figures)!)
                {
                    request.Figures.Add(await FigureAsync(session, text));
                }

                if (parsed.GetValue(lines) is { Length: > 0 } changed)
                {
                    request.Bills.Add(await BillAsync(session, request.TraceId, changed));
                }

                var answer = await session.Footprints.SimulateFootprintAsync(request, session.Call);
                var names = await session.NamesAsync(answer.Changes.Select(change => change.ChildTraceId));
                var facts = Output.Facts(
                [
                    ("as it stands", Total(answer.Before.Figures, answer.Before.Complete)),
                    ("what if", Total(answer.After.Figures, answer.After.Complete)),
                    .. answer.Changes.Select(change => ("because", Sentence(change, names))),
                    .. answer.ChangesLeftOff == 0 ? [] : new[] { ("because", $"and {answer.ChangesLeftOff} more") },
                ]);
                output.Show(answer, facts, "nothing was stored; declare it if it is true");
            },
            part, figures, lines);
    }

    public static Verb Alternatives() => Common.OnPart(
        "footprint",
        "alternatives",
        "Lists the suppliers of a bought part side by side, and what its parents would come to with each.",
        "\"graphite\"",
        async (id, session, output) =>
        {
            var answer = await Session.AllAsync(async token => await session.Footprints.ListAlternativesAsync(
                new() { TraceId = id, PageSize = 1000, PageToken = token }, session.Call));
            var names = await session.NamesAsync(
                answer.Alternatives.SelectMany(one => one.Totals).Select(total => total.TraceId));
            var table = Output.Rows(
                ["trade", "status", "supplier", "per unit", "then a parent would come to"],
                answer.Alternatives.Select(one => new[]
                {
                    one.TradeId,
                    Output.Word(one.TradeStatus),
                    one.SupplierOperatorId,
                    Total(one.Figures, one.Complete),
                    string.Join(
                        "; ",
                        one.Totals.Select(total =>
                            $"{names(total.TraceId)}: {Total(total.Figures, total.Complete)}"))
                        + (one.TotalsLeftOff > 0 ? $"; and {one.TotalsLeftOff} more" : ""),
                }));
            output.Show(answer, table, "give each supplier its share: trace sheet export, lines, trade id and share");
        });

    /// <summary>Something that went missing, or came in, is no change of what is emitted.</summary>
    private static string Difference(CompareFootprintsResponse answer) =>
        answer.HasCompleteDifference || answer is { Before: null, After.Complete: true }
            ? $"{answer.Difference} kg CO2e"
            : $"{answer.Difference} kg CO2e of what is known: not all of it is";

    /// <summary>"+1.2 kg because cell 3.1 -> 3.2".</summary>
    public static string Sentence(FootprintChange change, Func<string, string> names)
    {
        var effect = change.Effect.StartsWith('-') ? change.Effect : $"+{change.Effect}";
        var child = names(change.ChildTraceId);
        var what = change.Kind switch
        {
            ChangeKind.OwnContribution => "the own contribution",
            ChangeKind.ChildAmount => $"the amount of {child}",
            ChangeKind.LineAdded => $"the new line {child}",
            ChangeKind.LineRemoved => $"the line taken out, {child}",
            _ => child,
        };
        var (was, now) = (change.HasBefore ? change.Before : "unknown", change.HasAfter ? change.After : "unknown");
        return $"{effect} kg because {what} {was} -> {now}";
    }

    private static async Task<SimulatedFigure> FigureAsync(Session session, string text)
    {
        if (text.LastIndexOf('=') is var at && at <= 0)
        {
            throw new ProblemException($"\"{text}\" is no figure. Write PART=AMOUNT, such as cell=3.2.");
        }

        return new()
        {
            TraceId = await session.PartAsync(text[..at].Trim()),
            Figures = new()
            {
                Stages =
                {
                    new Contracts.Common.V1.StageFigure
                    {
                        Stage = Contracts.Common.V1.LifeCycleStage.MainProduction,
                        Amount = text[(at + 1)..].Trim(),
                    },
                },
            },
        };
    }

    private static async Task<SimulatedBill> BillAsync(Session session, string parent, string[] changed)
    {
        var bill = await session.Parts.GetBillOfMaterialsAsync(new() { ParentTraceId = parent }, session.Call);
        var lines = bill.BillOfMaterials.Lines.ToDictionary(line => line.ChildTraceId);
        foreach (var text in changed)
        {
            var line = await PartCommands.LineAsync(session, text);
            lines[line.ChildTraceId] = line;
        }

        return new() { ParentTraceId = parent, Lines = { lines.Values.Where(line => line.Quantity.Amount != "0") } };
    }

    /// <summary>A sum with something missing is never shown like a whole one.</summary>
    private static string Total(Contracts.Common.V1.Figures? figures, bool complete)
    {
        var total = Output.Kilograms(figures, "unknown");
        return complete || figures is null ? total : $"INCOMPLETE, at least {total}";
    }
}
