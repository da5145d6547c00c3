using System.CommandLine;
using Spectre.Console;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.Evidence;
using Traceability.Proofs;
using Traceability.Proofs.Logs;

namespace Traceability.Cli;

/// <summary>`trace audit ...`.</summary>
internal static class AuditCommands
{
    public static Command Audit => new("audit", "Whether history is what was written, and the evidence for it.")
    {
        Check(),
        Replay(),
        Export(),
        Verify(),
        Keys(),
        Compare(),
        Models(),
        Mask(),
        AuditGrantCommands.Grant(),
        AuditGrantCommands.Revoke(),
        AuditGrantCommands.Grants(),
        AuditGrantCommands.Reads(),
    };

    /// <summary>Only auditors of other firms need it.</summary>
    public static Option<string?> Of => new("--of")
    {
        Description = "Whose history, if you audit for another firm: the company's operator id.",
    };

    private static Verb Check()
    {
        var seen = new Option<FileInfo[]>("--seen")
        {
            Description = "A checkpoint that somebody has kept from an earlier check; may be repeated.",
            DefaultValueFactory = _ => [],
        };
        var keep = new Option<FileInfo?>("--keep") { Description = "Where to write the newest cosigned checkpoint." };
        return new(
            "check",
            "Holds every event against the tamper-evident log, and the log against what the broker has cosigned.",
            "audit check --keep checkpoint.txt",
            async (parsed, session, output) =>
            {
                var request = new CheckHistoryRequest();
                foreach (var file in parsed.GetValue(seen)!)
                {
                    request.SeenCheckpoints.Add(await ReadAsync(file, session.Cancelled));
                }

                var report = await session.Audit.CheckHistoryAsync(request, session.Call);
                if (parsed.GetValue(keep) is { } target && report.CosignedCheckpoint.Length > 0)
                {
                    await File.WriteAllTextAsync(target.FullName, report.CosignedCheckpoint, session.Cancelled);
                }

                var notLookedAt = report.NotLookedAt.Select(one => ("not looked at", one));
                var changed = report.Findings.Count(one => !one.ForeignEvidence);
                output.Show(
                    report,
                    new Rows(
                        report.Findings.Count == 0
                            ? new Text("")
                            : Output.Rows(
                                ["", "what", "problem"],
                                report.Findings.Select(one => new[]
                                {
                                    one.ForeignEvidence ? "forged evidence" : "history changed", one.What, one.Problem,
                                })),
                        Output.Facts(
                        [
                            .. changed > 0 ? [] : new[]
                            {
                                ("events", $"{report.Leaves}, each as it was written"),
                                ("waiting", $"{report.Waiting} to be logged"),
                                ("masked", $"{report.Masked}"),
                                ("checkpoints", $"{report.Checkpoints}, all fit"),
                            },
                            .. notLookedAt,
                        ])),
                    "keep the checkpoint outside this company: trace audit check --keep checkpoint.txt");
                if (changed > 0)
                {
                    throw new ProblemException(
                        $"History was changed in {changed} places. Stop the node, keep its database as evidence, and "
                            + "restore a backup from before the change.");
                }

                if (report.Findings.Count > 0)
                {
                    throw new ProblemException(
                        "Forged evidence: what was handed in is not signed by this company's log, and proves "
                            + "nothing about it. No change of history was found. Ask who gave it to you where it is "
                            + "from.");
                }
            },
            seen, keep);
    }

    private static Verb Keys()
    {
        var company = new Argument<string>("company") { Description = "An operator id, or the name of a profile." };
        var file = new Option<FileInfo>("-o", "--to") { Description = "The file to write.", Required = true };
        return new(
            "keys",
            "Writes a company's signing keys, with their times, as the federation's directory has them: for who checks "
                + "evidence without a server. For who runs the federation.",
            "audit keys A -o keys-of-A.json",
            async (parsed, session, output) =>
            {
                var id = session.OperatorId(parsed.GetValue(company)!);
                var request = new GetOperatorRequest { OperatorId = id };
                var member = (await session.Directory.GetOperatorAsync(request, session.Call)).Operator;
                SigningKey[] keys =
                [
                    .. member.Keys.Where(key => key.Use == KeyUse.Signing).Select(key => new SigningKey(
                        new(Guid.Parse(member.OperatorId)), key.KeyId, key.Jwk, key.ValidFromTime.ToDateTimeOffset(),
                        key.ValidUntilTime?.ToDateTimeOffset(), key.Revoked ? true : null)),
                ];
                var target = parsed.GetValue(file)!;
                await File.WriteAllTextAsync(target.FullName, AuditBundle.WriteKeys(keys), session.Cancelled);
                output.Show(
                    $"{target.FullName} holds {keys.Length} keys. Give it to auditors by a way of its own.",
                    $"trace audit verify bundle.zip --key {target.Name}");
            },
            company, file)
        {
            AtBroker = true,
        };
    }

    private static Verb Models() => new(
        "models",
        "Makes every read model anew from the events and compares it with the one in use; changes nothing.",
        "audit models",
        async (_, session, output) =>
        {
            var report = await session.Audit.CheckReadModelsAsync(new(), session.Call);
            output.Show(
                report,
                report.Differences.Count == 0
                    ? Output.Facts(("streams", $"{report.Streams}, every read model is what its events lead to"))
                    : Output.Rows(
                        ["what", "problem"], report.Differences.Select(one => new[] { one.What, one.Problem })),
                "trace audit check");
            if (report.Differences.Count > 0)
            {
                throw new ProblemException(
                    $"{report.Differences.Count} read models are not what their events lead to. Figures that are shown "
                        + "may be wrong; the events are not. Ask the operator of the node to rebuild them.");
            }
        });

    private static Verb Mask()
    {
        var trade = new Argument<string>("trade") { Description = "The trade's id." };
        var reason = new Option<string>("--reason")
        {
            Description = "Why; it stays, so write nothing personal.",
            Required = true,
        };
        return new(
            "mask",
            "Takes what people wrote out of the events of a trade, for good; history stays provable.",
            "audit mask 0190a5c7-6d4e-7c1a-8f00-0242ac120002 --reason \"a person asked for it\"",
            async (parsed, session, output) =>
            {
                var request = new MaskTradeRequest
                {
                    TradeId = parsed.GetValue(trade)!,
                    Reason = parsed.GetValue(reason)!,
                };
                var answer = await session.Audit.MaskTradeAsync(request, session.Call);
                output.Show(
                    answer,
                    Output.Facts(
                        ("masked", answer.Masked == 0 ? "nothing: no text is left" : $"{answer.Masked} events")),
                    "trace audit check; the partner masks its own record, and backups keep theirs until they expire");
            },
            trade, reason);
    }

    private static Verb Replay()
    {
        var part = new Argument<string>("part") { Description = "A made part: its trace id, number or name." };
        var version = new Option<long>("--version") { Description = "Only this version; otherwise all." };
        var asOf = TypedTime.Option("--as-of", "Only what was known then; of a day, when it began.");
        var events = new Option<bool>("--events") { Description = "Show every event, too." };
        var of = Of;
        return new(
            "replay",
            "Computes every version of a part's total anew from the events, and says where each number came from.",
            "audit replay module --as-of 2026-11-24T12:00:00Z",
            async (parsed, session, output) =>
            {
                var request = new ReplayFootprintRequest
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Version = parsed.GetValue(version),
                    AsOfTime = await session.StartAsync(parsed.GetValue(asOf)),
                    OperatorId = Company(session, parsed.GetValue(of)),
                };
                using var replay = session.Audit.ReplayFootprint(request, session.Call);
                List<ReplayFootprintResponse> all = [];
                while (await replay.ResponseStream.MoveNext(session.Cancelled))
                {
                    var one = replay.ResponseStream.Current;
                    if (one.Continued is { } more && all is [.., { Version: { } begun }])
                    {
                        begun.Sources.AddRange(more.Sources);
                        begun.Changes.AddRange(more.Changes);
                    }
                    else
                    {
                        all.Add(one);
                    }
                }

                var versions = all.Select(one => one.Version).Where(one => one is not null).ToArray();
                // An auditor of another firm is not told what the company calls its parts.
                var names = request.OperatorId.Length > 0
                    ? id => id
                    : await session.NamesAsync(
                        versions.SelectMany(version => version.Changes).Select(change => change.ChildTraceId));
                output.Show(
                    all,
                    new Rows(
                        parsed.GetValue(events) ? Events(all) : new Text(""),
                        Output.Rows(
                            ["version", "when", "stored", "replayed", "where it came from", "what changed", ""],
                            versions.Select(version => Row(version, names)))),
                    request.OperatorId.Length == 0 ? "trace audit check"
                    : versions.Length == 0
                        ? "no version was signed for a customer: ask for a grant with the bill of materials"
                    : "trace audit export PART --of COMPANY -o bundle.zip");
                if (versions.Any(one => !one.Agrees))
                {
                    throw new ProblemException(
                        "Not every version comes out as it was recorded: the rows marked `differs` name them. Run "
                            + "`trace audit check` to see what was changed.");
                }
            },
            part, version, asOf, events, of);
    }

    private static Verb Export()
    {
        var part = new Argument<string>("part") { Description = "A made part: its trace id, number or name." };
        var version = new Option<long>("--version") { Description = "Of its total; otherwise the newest." };
        var file = new Option<FileInfo>("-o", "--to") { Description = "The file to write.", Required = true };
        var of = Of;
        return new(
            "export",
            "Writes everything behind a total into one file that anybody can check without a server.",
            "audit export module -o bundle.zip",
            async (parsed, session, output) =>
            {
                var request = new ExportBundleRequest
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Version = parsed.GetValue(version),
                    OperatorId = Company(session, parsed.GetValue(of)),
                };
                using var export = session.Audit.ExportBundle(request, session.Call);
                var target = parsed.GetValue(file)!;
                using var bytes = new MemoryStream();
                while (await export.ResponseStream.MoveNext(session.Cancelled))
                {
                    export.ResponseStream.Current.Chunk.WriteTo(bytes);
                }

                await File.WriteAllBytesAsync(target.FullName, bytes.ToArray(), session.Cancelled);
                var cut = AuditBundle.FromZip(bytes.ToArray()).Manifest.WithoutBillOfMaterials == true;
                output.Show(
                    $"{target.FullName} holds {bytes.Length} bytes of evidence. It shows "
                        + (cut ? "what was signed for customers, and not what the total is made of."
                            : "the bill of materials: give it to nobody but an auditor."),
                    $"trace audit verify {target.Name}");
            },
            part, version, file, of);
    }

    private static Verb Verify()
    {
        var file = new Argument<FileInfo>("bundle") { Description = "A file that `trace audit export` has written." };
        var log = new Option<string?>("--log-key") { Description = "The company's log key, if you know it." };
        var witness = new Option<string?>("--witness-key") { Description = "The broker's key, if you know it." };
        var keys = new Option<FileInfo[]>("--key")
        {
            Description = "A company's signing keys as you got them elsewhere: a file that `trace audit keys` "
                + "has written. They are believed, and not what the bundle says of that company; may be repeated.",
            DefaultValueFactory = _ => [],
        };
        return new(
            "verify",
            "Checks a bundle with no server and no network, and says in words what was checked.",
            "audit verify bundle.zip --key keys-of-A.json",
            async (parsed, _, output) =>
            {
                var source = parsed.GetValue(file)!;
                var bundle = await BundleAsync(source);
                List<SigningKey> known = [];
                foreach (var one in parsed.GetValue(keys)!)
                {
                    known.AddRange(await KeysAsync(one));
                }

                var report = BundleVerifier.Verify(bundle, known);
                BundleCheck[] pinned =
                [
                    Pin(
                        "The log's key is the one you know", parsed.GetValue(log), bundle.Manifest.LogKey, "--log-key"),
                    Pin(
                        "The broker's key is the one you know", parsed.GetValue(witness), bundle.Manifest.WitnessKey,
                        "--witness-key"),
                ];
                var checks = report.Checks.Concat(pinned).ToArray();
                output.Show(
                    new { report.Total, bundle.Manifest, Checks = checks },
                    new Rows(
                        Output.Facts(
                            ("company", $"{bundle.Manifest.OperatorId}"),
                            ("part", $"{bundle.Manifest.TraceId}, version {bundle.Manifest.Version}"),
                            ("total", report.Total is null ? "none" : $"{report.Total} kg CO2e"),
                            ("log key", bundle.Manifest.LogKey),
                            ("broker's key", bundle.Manifest.WitnessKey)),
                        Output.Rows(
                            ["", "checked", "found"],
                            checks.Select(check => new[] { check.Mark, check.What, check.Detail }))),
                    checks.Any(check => check.Outcome == CheckOutcome.NotLookedAt)
                        ? "compare the keys with those you got elsewhere: --log-key, --witness-key, --key"
                        : "read report.md in the bundle");
                if (Verdict(checks, source.Name) is { } verdict)
                {
                    throw new ProblemException(verdict);
                }
            },
            file, log, witness, keys)
        {
            Offline = true,
        };
    }

    public static string Company(Session session, string? of) => of is null ? "" : session.OperatorId(of);

    private static BundleCheck Pin(string what, string? known, string named, string option) => known switch
    {
        null => BundleCheck.Of(
            what, CheckOutcome.NotLookedAt, $"the bundle itself names it; say the one you know: {option}"),
        _ when known == named => BundleCheck.Of(what, CheckOutcome.Holds, named),
        _ => BundleCheck.Of(what, CheckOutcome.Forged, $"forged evidence, or you were told another key: {named}"),
    };

    /// <summary>What follows from what does not hold; null if all does, as far as it was looked at.</summary>
    private static string? Verdict(BundleCheck[] checks, string file)
    {
        var outcomes = checks.Select(check => check.Outcome).ToHashSet();
        if (outcomes.Contains(CheckOutcome.Forged))
        {
            return $"{file} is forged or damaged evidence: see what is marked NO. It proves nothing about any "
                + "company, and not that a history was changed. Ask the company for it again, and keep the file.";
        }

        if (outcomes.Contains(CheckOutcome.NotBelieved))
        {
            return $"{file} rests on a signature whose key was not to be believed then: see what is marked NO. Ask "
                + "for a newer version of the total, which rests on a statement under a key that holds.";
        }

        return outcomes.Contains(CheckOutcome.DoesNotAddUp)
            ? $"{file} is what the company has recorded, and does not lead to what it claims: see what is marked "
                + "NO. Keep the file; it is the evidence."
            : null;
    }

    private static async Task<IReadOnlyList<SigningKey>> KeysAsync(FileInfo file)
    {
        try
        {
            return AuditBundle.ReadKeys(await ReadAsync(file, CancellationToken.None));
        }
        catch (ProofException)
        {
            throw new ProblemException(
                $"{file.Name} is no file of keys; `trace audit keys COMPANY -o FILE` writes one.");
        }
    }

    private static async Task<AuditBundle> BundleAsync(FileInfo file)
    {
        if (!file.Exists)
        {
            throw new ProblemException($"{file.FullName} does not exist.");
        }

        try
        {
            return AuditBundle.FromZip(await File.ReadAllBytesAsync(file.FullName));
        }
        catch (ProofException)
        {
            throw new ProblemException(
                $"{file.Name} is not a bundle that this version can read; `trace audit export` makes one.");
        }
    }

    private static string[] Row(ReplayedVersion version, Func<string, string> names) =>
    [
        $"{version.Version}",
        $"{version.RollUpTime.ToDateTimeOffset():u}",
        version.Stored?.Total ?? "nothing",
        version.Replayed?.Total ?? "nothing",
        string.Join('\n', version.Sources.Select(source =>
            $"{source.Amount} from {(source.Event.Length > 0 ? source.Event : "nowhere")}")),
        string.Join('\n', version.Changes.Select(change => AnalysisCommands.Sentence(change, names))),
        (version.Agrees, version.Stated) switch
        {
            (true, true) => "agrees, also with the statement",
            (true, false) => "agrees",
            _ => "differs",
        },
    ];

    private static Table Events(IEnumerable<ReplayFootprintResponse> all) => Output.Rows(
        ["log", "when", "by", "event", "because of"],
        all.Select(one => one.Event).Where(e => e is not null).Select(e => new[]
        {
            e.LogIndex < 0 ? "waits" : $"{e.LogIndex}",
            $"{e.RecordTime.ToDateTimeOffset():u}",
            e.By,
            $"{e.Type} ({e.Stream}, version {e.Version})",
            e.Causation,
        }));

    private static Verb Compare()
    {
        var one = new Argument<FileInfo>("one") { Description = "A checkpoint that somebody has kept." };
        var other = new Argument<FileInfo>("other") { Description = "One that somebody else has kept." };
        var log = new Option<string?>("--log-key")
        {
            Description = "The log's key, if you know it; otherwise the node is asked.",
        };
        return new(
            "compare",
            "Finds out whether two people were shown the same history, from the checkpoints they kept.",
            "audit compare mine.txt theirs.txt",
            async (parsed, session, output) =>
            {
                KeptCheckpoint[] two =
                [
                    await CheckpointAsync(parsed.GetValue(one)!, session.Cancelled),
                    await CheckpointAsync(parsed.GetValue(other)!, session.Cancelled),
                ];
                var key = await LogKeyAsync(session, parsed.GetValue(log));
                foreach (var kept in two)
                {
                    MustBeOf(key, kept);
                }

                var (older, newer) = two[0].State.Size <= two[1].State.Size
                    ? (two[0].State, two[1].State)
                    : (two[1].State, two[0].State);
                var answer = older.Size == newer.Size
                    ? new()
                    : await session.Audit.ProveConsistencyAsync(
                        new() { OldSize = older.Size, Size = newer.Size }, session.Call);
                byte[][] proof = [.. answer.Hashes.Select(hash => hash.ToByteArray())];
                if (!MerkleTree.Extends(older.Root, older.Size, newer.Root, newer.Size, proof))
                {
                    throw new ProblemException(
                        $"History changed: what stood at {older.Size} events is not the beginning of what stands at "
                            + $"{newer.Size}, and the log has signed both. Together they prove it; keep them.");
                }

                output.Show(
                    answer,
                    new Rows(
                        new Text($"One history: the {older.Size} events of the older checkpoint are the first of the "
                            + $"{newer.Size} of the newer one.\n"),
                        Output.Facts(
                        [
                            ("not looked at", "whether the events are still what was signed: trace audit check"),
                            .. parsed.GetValue(log) is not null ? [] : new[]
                            {
                                ("not looked at", $"whether the log's key is this one, as the node says: {key}"),
                            },
                        ])),
                    "trace audit check");
            },
            one, other, log);
    }

    /// <summary>A state of a log as somebody has kept it.</summary>
    private sealed record KeptCheckpoint(string File, SignedNote Note, Checkpoint State);

    private static async Task<NoteVerifier> LogKeyAsync(Session session, string? known)
    {
        try
        {
            return NoteVerifier.Parse(known ?? (await session.Audit.ProveConsistencyAsync(
                new() { OldSize = 1, Size = 1 }, session.Call)).LogKey);
        }
        catch (ProofException)
        {
            throw new ProblemException(known is null
                ? "The node does not say its log's key: it is older than this trace. Say it with --log-key."
                : "--log-key is no key of a log: it looks as `log key` does in `trace audit verify`.");
        }
    }

    /// <summary>What nobody has signed, or somebody else, anybody could have written.</summary>
    private static void MustBeOf(NoteVerifier key, KeptCheckpoint kept)
    {
        var signed = false;
        try
        {
            signed = kept.State.Origin == key.Name && key.HasSigned(kept.Note);
        }
        catch (ProofException)
        {
            // Said below.
        }

        if (!signed)
        {
            throw new ProblemException(
                $"Forged evidence: {kept.File} is not signed by the log {key.Name}. It proves nothing about that "
                    + "history; ask who gave it to you where it is from.");
        }
    }

    private static async Task<KeptCheckpoint> CheckpointAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            var note = SignedNote.Parse(await ReadAsync(file, cancellationToken));
            return new(file.Name, note, Checkpoint.Parse(note.Text));
        }
        catch (ProofException)
        {
            throw new ProblemException($"{file.Name} is no checkpoint: three lines and signatures are expected.");
        }
    }

    private static async Task<string> ReadAsync(FileInfo file, CancellationToken cancellationToken) => file.Exists
        ? await File.ReadAllTextAsync(file.FullName, cancellationToken)
        : throw new ProblemException($"{file.FullName} does not exist.");
}
