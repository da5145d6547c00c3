using System.CommandLine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Spectre.Console;
using Spectre.Console.Rendering;
using Traceability.Contracts.Common.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Domain.Companies;

namespace Traceability.Cli;

/// <summary>`trace footprint ...`.</summary>
internal static class FootprintCommands
{
    public static Command Footprint => new("footprint", "Emissions of parts, from cradle to gate.")
    {
        Declare(),
        TakeBack(),
        Show(),
        Watch(),
        AnalysisCommands.History(),
        AnalysisCommands.Compare(),
        AnalysisCommands.HotSpots(),
        AnalysisCommands.WhatIf(),
        AnalysisCommands.Alternatives(),
        RequireApproval(),
        Approve(),
        Certify(),
        WithdrawCertificate(),
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
        var year = new Option<int?>("--year") { Description = "The year they are about; this one unless given." };
        year.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1900 or > 9998)
            {
                result.AddError("--year must lie between 1900 and 9998.");
            }
        });
        var source = new Option<string>("--source")
        {
            Description = "Where the figure comes from; for a part the company buys, the data set and its edition.",
            DefaultValueFactory = _ => "",
        };
        var primaryShare = new Option<string?>("--primary-share")
        {
            Description = "How much of it comes from primary data, 0 to 1.",
        };
        return new(
            "declare",
            "Declares the company's own emissions for a part it makes, or what a data set says of one it buys; that "
                + "counts until the supplier answers.",
            "footprint declare cathode 4",
            async (parsed, session, output) =>
            {
                var zone = await session.ZoneAsync();
                var first = parsed.GetValue(year) ?? zone.At(TimeProvider.System.GetUtcNow()).Year;
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
                        StartTime = zone.StartOf(new(first, 1, 1)).ToTimestamp(),
                        EndTime = zone.StartOf(new(first + 1, 1, 1)).ToTimestamp(),
                    },
                    Source = parsed.GetValue(source)!,
                };
                if (parsed.GetValue(primaryShare) is { } share)
                {
                    contribution.Figures.PrimaryShare = share;
                }

                var request = new DeclareContributionRequest { Contribution = contribution };
                var answer = await session.Footprints.DeclareContributionAsync(request, session.Call);
                await ShowAsync(session, output, answer, answer.Footprint,
                    $"trace footprint watch {contribution.TraceId}");
            },
            part, amount, stage, year, source, primaryShare);
    }

    private static Verb TakeBack() => Common.OnPart(
        "footprint",
        "take-back",
        "Takes back what a data set says of a part the company buys: until the supplier answers there is a gap.",
        "\"cathode from A\"",
        async (id, session, output) =>
        {
            var answer = await session.Footprints.TakeBackTypedFigureAsync(new() { TraceId = id }, session.Call);
            await ShowAsync(session, output, answer, answer.Footprint, $"trace footprint show {id}");
        });

    private static Verb Show() => Common.OnPart(
        "footprint",
        "show",
        "Shows what is known of a part's footprint, and what of it is missing.",
        "\"battery pack\"",
        async (id, session, output) =>
        {
            var answer = await WholeAsync(session, id);
            await ShowAsync(session, output, answer, answer.Footprint, $"trace footprint watch {id}");
        });

    /// <summary>A footprint with all of its lines, of which one message may hold only some.</summary>
    private static async Task<GetFootprintResponse> WholeAsync(Session session, string id)
    {
        while (true)
        {
            var answer = await session.Footprints.GetFootprintAsync(new() { TraceId = id }, session.Call);
            var footprint = answer.Footprint;
            if (footprint.LinesLeftOff == 0)
            {
                return answer;
            }

            var versions = new HashSet<long> { footprint.Version };
            var all = await Session.AllAsync(async token =>
            {
                var page = await session.Footprints.ListFootprintLinesAsync(
                    new() { TraceId = id, PageSize = 1000, PageToken = token }, session.Call);
                versions.Add(page.Version);
                return page;
            });
            if (versions.Count == 1)
            {
                footprint.Lines.Clear();
                footprint.Lines.AddRange(all.Lines);
                footprint.LinesLeftOff = 0;
                return answer;
            }
        }
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
                        output.Show(answer, View(shown, await NamesAsync(session, shown)));
                    }
                }
            },
            part)
        {
            OwnsScreen = true,
        };
    }

    private static Verb RequireApproval()
    {
        var part = Common.Part;
        var off = new Option<bool>("--off") { Description = "New totals stand by themselves again." };
        return new(
            "require-approval",
            "Lets new totals of a part wait until a person approves them.",
            "footprint require-approval module",
            async (parsed, session, output) =>
            {
                var request = new RequireApprovalRequest
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Required = !parsed.GetValue(off),
                };
                var answer = await session.Footprints.RequireApprovalAsync(request, session.Call);
                await ShowAsync(session, output, answer, answer.Footprint,
                    $"trace footprint approve {request.TraceId}");
            },
            part, off);
    }

    private static Verb Approve() => Common.OnPart(
        "footprint",
        "approve",
        "Lets the total that waits stand, and passes it on.",
        "module",
        async (id, session, output) =>
        {
            var answer = await session.Footprints.ApproveFootprintAsync(new() { TraceId = id }, session.Call);
            await ShowAsync(session, output, answer, answer.Footprint, $"trace footprint history {id}");
        });

    private static Verb Certify()
    {
        var part = Common.Part;
        var verifier = new Option<string>("--verifier") { Description = "Who certifies.", Required = true };
        var amounts = new Option<string[]>("--amount")
        {
            Description = "STAGE=AMOUNT as printed on the certificate, such as RawMaterial=10.5; may be repeated.",
            Required = true,
        };
        var from = new Option<DateOnly>("--from") { Description = "First day of validity.", Required = true };
        var until = new Option<DateOnly>("--until") { Description = "Last day of validity.", Required = true };
        var id = Common.Id;
        return new(
            "certify",
            "Puts a verifier's certificate about the footprint as it stands on record.",
            "footprint certify cathode --verifier \"Mokuren\" --amount RawMaterial=10.5 --from 2026-04-01 "
                + "--until 2027-03-31",
            async (parsed, session, output) =>
            {
                var zone = await session.ZoneAsync();
                var certificate = new Certificate
                {
                    CertificateId = Common.IdOrNew(parsed.GetValue(id)),
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Verifier = parsed.GetValue(verifier),
                    Stages = { parsed.GetValue(amounts)!.Select(Stage) },
                    Validity = new()
                    {
                        StartTime = zone.StartOf(parsed.GetValue(from)).ToTimestamp(),
                        EndTime = zone.StartOf(parsed.GetValue(until).AddDays(1)).ToTimestamp(),
                    },
                };
                var answer = await session.Footprints.RecordCertificateAsync(
                    new() { Certificate = certificate }, session.Call);
                Show(output, answer, answer.Certificate);
            },
            part, verifier, amounts, from, until, id);
    }

    private static Verb WithdrawCertificate()
    {
        var id = new Argument<string>("certificate") { Description = "The certificate's id: footprint show has it." };
        return new(
            "withdraw-certificate",
            "Withdraws a certificate. Customers who were shown it are told; it stays on record as withdrawn.",
            $"footprint withdraw-certificate {Common.ExampleTrade}",
            async (parsed, session, output) =>
            {
                var answer = await session.Footprints.WithdrawCertificateAsync(
                    new() { CertificateId = parsed.GetValue(id)! }, session.Call);
                Show(output, answer, answer.Certificate);
            },
            id);
    }

    private static void Show(Output output, IMessage answer, Certificate certificate) => output.Show(
        answer,
        Output.Facts(
        [
            ("certificate", certificate.CertificateId),
            ("version", $"{certificate.Version}"),
            ("now", Standings(certificate)),
            .. Compared(certificate),
        ]),
        $"trace footprint show {certificate.TraceId}");

    /// <summary>All that is to be said of it: what is expired may also be about earlier figures.</summary>
    internal static string Standings(Certificate certificate) => certificate.Standings.Count == 0
        ? Output.Word(certificate.Standing)
        : string.Join(", ", certificate.Standings.Select(Output.Word));

    /// <summary>Where the figures have moved, the certified ones and those that stand.</summary>
    private static IEnumerable<(string, string)> Compared(Certificate certificate) =>
        certificate.CertifiedFigures is null
            || !certificate.Standings.Contains(CertificateStanding.NoLongerMatching)
            ? []
            :
            [
                ("certified", Output.Kilograms(certificate.CertifiedFigures, "unknown")),
                ("current", Output.Kilograms(certificate.CurrentFigures, "unknown")),
            ];

    /// <summary>Names are looked up last: what is shown is what was answered.</summary>
    private static async Task ShowAsync(
        Session session, Output output, IMessage answer, Footprint footprint, string next) =>
        output.Show(answer, View(footprint, await NamesAsync(session, footprint)), next);

    private static Task<Func<string, string>> NamesAsync(Session session, Footprint footprint) => session.NamesAsync(
    [
        footprint.TraceId,
        .. footprint.Lines.Select(line => line.ChildTraceId),
        .. footprint.Coverage?.Missing.Select(one => one.TraceId) ?? [],
        .. footprint.Changes.Concat(footprint.Proposal?.Changes ?? []).Select(change => change.ChildTraceId),
    ]);

    private static StageFigure Stage(string text) =>
        text.Split('=') is [var name, var amount] && System.Enum.TryParse<LifeCycleStage>(name, out var stage)
            ? new() { Stage = stage, Amount = amount }
            : throw new ProblemException($"\"{text}\" is no amount of a stage. Write STAGE=AMOUNT.");

    /// <summary>Days of the company that said it, where it is of whole days.</summary>
    private static string Span(Period period) => period.FirstDay.Length > 0
        ? $"{period.FirstDay} to {period.LastDay}"
        : $"{Output.Time(period.StartTime)} to {Output.Time(period.EndTime)}";

    private static Rows View(Footprint footprint, Func<string, string> names)
    {
        List<(string, string)> facts =
        [
            ("part", names(footprint.TraceId)),
            ("total", Total(footprint)),
            ("own", Output.Kilograms(footprint.Contribution?.Figures, "not declared")),
            ("version", $"{footprint.Version}, {Output.Time(footprint.RollUpTime)}"),
        ];
        if (footprint.ReferencePeriod is { } period)
        {
            facts.Add(("about", Span(period)));
        }

        if (footprint.Figures?.Rating is { } rating)
        {
            var share = rating.RatedShare == "1" ? "" : $" over {rating.RatedShare} of the emissions";
            facts.Add(("rating", $"TeR {rating.Technology}, GeR {rating.Geography}, TiR {rating.Time}{share}"));
        }

        if (footprint.Figures is { HasPrimaryShare: true })
        {
            facts.Add(("primary data", footprint.Figures.PrimaryShare));
        }

        facts.AddRange(
            footprint.Coverage?.Missing.Select(one => ("missing", $"{names(one.TraceId)}: {one.Reason}")) ?? []);
        if (footprint.Coverage is { MissingLeftOff: > 0 } coverage)
        {
            facts.Add(("missing", $"and {coverage.MissingLeftOff} more: see the states of the lines"));
        }

        facts.AddRange(footprint.Changes.Select(change => ("because", AnalysisCommands.Sentence(change, names))));
        if (footprint.ChangesLeftOff > 0)
        {
            facts.Add(("because", $"and {footprint.ChangesLeftOff} more: trace footprint compare"));
        }

        if (footprint.Proposal is { } proposal)
        {
            facts.Add(("waits", $"{Output.Kilograms(proposal.Figures, "unknown")} wait for approval"));
        }

        if (footprint.Held.Length > 0)
        {
            facts.Add(("HELD", $"{footprint.Held}: a loop between companies does not settle"));
        }

        foreach (var one in footprint.Certificates)
        {
            facts.Add(("certificate", $"{one.Verifier}, version {one.Version}: {Standings(one)}"));
            facts.AddRange(Compared(one));
            facts.Add(("its id", one.CertificateId));
        }

        List<IRenderable> views = [Output.Facts([.. facts])];
        if (footprint.Lines.Count > 0)
        {
            views.Add(Output.Rows(
                ["child", "quantity", "state", "says", "adds"],
                footprint.Lines.Select(line => new[]
                {
                    names(line.ChildTraceId),
                    $"{line.Quantity.Amount} {line.Quantity.Unit}",
                    line.State == LineState.Answered && !line.Complete ? "incomplete" : Output.Word(line.State),
                    Output.Word(line.Origin),
                    Output.Kilograms(line.Figures, "unknown"),
                })));
        }

        if (footprint.LinesLeftOff > 0)
        {
            views.Add(new Text($"and {footprint.LinesLeftOff} more lines: trace footprint show\n"));
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
