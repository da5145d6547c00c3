using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Spectre.Console;
using Spectre.Console.Rendering;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>`trace footprint ...`.</summary>
internal static class FootprintCommands
{
    public static Command Footprint => new("footprint", "Emissions of parts, from cradle to gate.")
    {
        Declare(),
        Show(),
        Watch(),
    };

    private static Verb Declare()
    {
        var part = Common.Part;
        var amount = new Argument<string>("amount")
        {
            Description = "The company's own emissions per declared unit, in kg CO2e. A plain decimal.",
        };
        var stage = Common.OneOf(
            new Option<LifeCycleStage>("--stage")
            {
                Description = "The life-cycle stage they belong to.",
                DefaultValueFactory = _ => LifeCycleStage.MainProduction,
            },
            "RawMaterial",
            "MainProduction",
            "Distribution",
            "EndOfLife");
        var year = new Option<int>("--year")
        {
            Description = "The year they are about.",
            DefaultValueFactory = _ => TimeProvider.System.GetUtcNow().Year,
        };
        year.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1900 or > 9998)
            {
                result.AddError("--year must lie between 1900 and 9998.");
            }
        });
        return new(
            "declare",
            "Declares the company's own emissions for a part it makes, instead of what was declared before.",
            "footprint declare cathode 4",
            async (parsed, session, output) =>
            {
                var start = new DateTimeOffset(parsed.GetValue(year), 1, 1, 0, 0, 0, TimeSpan.Zero);
                var contribution = new Contribution
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Figures = new()
                    {
                        Stages =
                        {
                            new StageFigure { Stage = parsed.GetValue(stage), Amount = parsed.GetValue(amount)! },
                        },
                    },
                    ReferencePeriod = new()
                    {
                        StartTime = start.ToTimestamp(),
                        EndTime = start.AddYears(1).ToTimestamp(),
                    },
                };
                var request = new DeclareContributionRequest { Contribution = contribution };
                var answer = await session.Footprints.DeclareContributionAsync(request, session.Call);
                output.Show(answer, View(answer.Footprint), $"trace footprint watch {contribution.TraceId}");
            },
            part, amount, stage, year);
    }

    private static Verb Show()
    {
        var part = Common.Part;
        return new(
            "show",
            "Shows what is known of a part's footprint, and what of it is missing.",
            "footprint show \"battery pack\"",
            async (parsed, session, output) =>
            {
                var id = await session.PartAsync(parsed.GetValue(part)!);
                var answer = await session.Footprints.GetFootprintAsync(new() { TraceId = id }, session.Call);
                output.Show(answer, View(answer.Footprint), $"trace footprint watch {id}");
            },
            part);
    }

    private static Verb Watch()
    {
        var part = Common.Part;
        return new(
            "watch",
            "Shows a part's footprint whenever it changes, until Ctrl-C.",
            "footprint watch \"battery pack\"",
            async (parsed, session, output) =>
            {
                var id = await session.PartAsync(parsed.GetValue(part)!);
                using var watch = session.Footprints.WatchFootprint(new() { TraceId = id }, session.Watch);
                Footprint? shown = null;
                await foreach (var answer in watch.ResponseStream.ReadAllAsync(session.Cancelled))
                {
                    if (!answer.Footprint.Equals(shown))
                    {
                        shown = answer.Footprint;
                        output.Show(answer, View(shown));
                    }
                }
            },
            part)
        {
            OwnsScreen = true,
        };
    }

    private static Rows View(Footprint footprint)
    {
        List<IRenderable> views =
        [
            Output.Facts(
                ("part", footprint.TraceId),
                ("total", Total(footprint)),
                ("own", Output.Kilograms(footprint.Contribution?.Figures, "not declared")),
                ("version", $"{footprint.Version}, {Output.Time(footprint.RollUpTime)}")),
        ];
        if (footprint.Lines.Count > 0)
        {
            views.Add(Output.Rows(
                ["child", "quantity", "state", "adds"],
                footprint.Lines.Select(line => new[]
                {
                    line.ChildTraceId,
                    $"{line.Quantity.Amount} {line.Quantity.Unit}",
                    Output.Word(line.State),
                    Output.Kilograms(line.Figures, "unknown"),
                })));
        }

        return new Rows(views);
    }

    /// <summary>A sum with something missing is never shown like a whole one.</summary>
    private static string Total(Footprint footprint)
    {
        if (footprint.Figures is null)
        {
            return "unknown";
        }

        var total = $"{Output.Kilograms(footprint.Figures, "not disclosed")} per {footprint.DeclaredUnit}";
        return footprint.Complete ? total : $"INCOMPLETE, at least {total}";
    }
}
