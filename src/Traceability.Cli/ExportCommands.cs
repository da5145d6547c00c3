using System.CommandLine;
using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Node.V1;
using Traceability.Evidence;
using Traceability.Exports;
using Traceability.Exports.Energy;
using Traceability.Proofs;

namespace Traceability.Cli;

/// <summary>`trace export ...`.</summary>
internal static class ExportCommands
{
    public static Command Export
    {
        get
        {
            var command = new Command("export", "Turns a total into what regulators and customers take.");
            foreach (var format in ExportFormats.All)
            {
                command.Add(Write(format));
            }

            command.Add(Review());
            command.Add(EndOfLife());
            command.Add(Verify());
            return command;
        }
    }

    /// <summary>`trace part facts`.</summary>
    public static Verb Facts()
    {
        var part = new Argument<string>("part") { Description = "A made part: its trace id, number or name." };
        var set = new Option<string[]>("--set")
        {
            Description = "A fact, such as battery.capacity_kwh=64; may be repeated. Without a value it is taken back.",
            DefaultValueFactory = _ => [],
        };
        return new(
            "facts",
            "Shows, or says, what exports need to know of a part and no footprint says.",
            "part facts pack --set battery.capacity_kwh=64 --set battery.category=EV",
            async (parsed, session, output) =>
            {
                var traceId = await session.PartAsync(parsed.GetValue(part)!);
                var said = parsed.GetValue(set)!.Select(one => one.Split('=', 2)).ToArray();
                if (said.FirstOrDefault(one => one.Length < 2) is { } wrong)
                {
                    throw new ProblemException(
                        $"{wrong[0]} has no value; write {wrong[0]}=VALUE, or {wrong[0]}= to take it back.");
                }

                var request = new DeclareProductFactsRequest { TraceId = traceId };
                foreach (var one in said)
                {
                    request.Facts[one[0]] = one[1];
                }

                var facts = said.Length > 0
                    ? (await session.Exports.DeclareProductFactsAsync(request, session.Call)).Facts
                    : (await session.Exports.GetProductFactsAsync(new() { TraceId = traceId }, session.Call)).Facts;
                output.Show(
                    facts,
                    Output.Facts(
                        [.. facts.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value))]),
                    "trace export review battery-declaration PART tells what is missing");
            },
            part, set);
    }

    private static Verb Write(ExportFormat format)
    {
        var extension = format.Parts[0].Extension;
        var (part, version, asOf) = (Part, Version, AsOf);
        var draft = new Option<bool>("--draft") { Description = "Write it although it is incomplete, with a mark." };
        var file = new Option<FileInfo>("-o", "--to") { Description = "The file to write.", Required = true };
        return new(
            format.Name,
            $"Writes the {format.Means}; what it was made of goes into a file beside it.",
            $"export {format.Name} pack -o pack.{extension}",
            async (parsed, session, output) =>
            {
                var target = parsed.GetValue(file)!;
                var request = new ExportPartRequest
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Export = format.Name,
                    RulesVersion = parsed.GetValue(version) ?? "",
                    AsOfTime = await session.StartAsync(parsed.GetValue(asOf)),
                    Draft = parsed.GetValue(draft),
                };
                List<string> written = [];
                using var export = session.Exports.ExportPart(request, session.Call);
                while (await export.ResponseStream.MoveNext(session.Cancelled))
                {
                    var one = export.ResponseStream.Current;
                    var name = Path.ChangeExtension(target.FullName, null) + one.Name[format.Name.Length..];
                    await File.WriteAllBytesAsync(name, one.Content.ToByteArray(), session.Cancelled);
                    written.Add(name);
                }

                output.Show(
                    new { Files = written },
                    Output.Rows(["file"], written.Select(name => new[] { Path.GetFileName(name) })),
                    $"trace export verify {Path.GetFileName(written[0])}");
            },
            part, version, asOf, draft, file);
    }

    private static Verb Review()
    {
        var export = new Argument<string>("export")
        {
            Description = $"One of: {string.Join(", ", ExportFormats.All.Select(format => format.Name))}.",
        };
        var (part, version, asOf) = (Part, Version, AsOf);
        return new(
            "review",
            "Shows every field of an export: what is known, what is missing and who has to supply it.",
            "export review battery-declaration pack",
            async (parsed, session, output) =>
            {
                var request = new ReviewExportRequest
                {
                    TraceId = await session.PartAsync(parsed.GetValue(part)!),
                    Export = parsed.GetValue(export)!,
                    RulesVersion = parsed.GetValue(version) ?? "",
                    AsOfTime = await session.StartAsync(parsed.GetValue(asOf)),
                };
                var review = await session.Exports.ReviewExportAsync(request, session.Call);
                output.Show(
                    review,
                    Output.Rows(
                        ["field", "state", "value", "what stands in the way", "by"],
                        review.Fields.Select(field => new[]
                        {
                            field.Label,
                            State(field.State),
                            field.Value.Length == 0 ? "" : $"{field.Value} {field.Unit}",
                            field.Fact.Length == 0 ? field.Problem : $"{field.Problem} Fact {field.Fact}.",
                            field.Who,
                        })),
                    review.Final
                        ? $"trace export {request.Export} PART -o FILE"
                        : "trace part facts PART --set NAME=VALUE for each fact that is missing");
            },
            export, part, version, asOf);
    }

    private static string State(ExportFieldState state) => state switch
    {
        ExportFieldState.MustNotBeFilled => "must not be filled",
        _ => $"{state}".ToLowerInvariant(),
    };

    /// <summary>Names of the options are those of the formula; see CircularFootprint.</summary>
    private static Verb EndOfLife()
    {
        Option<decimal> Number(string name, string means) => new(name) { Description = means, Required = true };
        Option<decimal>[] options =
        [
            Number("--r1", "Share of recycled material that goes in."),
            Number("--r2", "Share that is recycled after use."),
            Number("--r3", "Share that is burnt for energy after use."),
            Number("--a", "Share of burdens and credits that falls to who uses recycled material."),
            Number("--ev", "kg CO2e per kg of virgin material."),
            Number("--erec", "kg CO2e per kg of recycled material that goes in."),
            Number("--erec-eol", "kg CO2e per kg that is recycled after use."),
            Number("--ev-replaced", "kg CO2e per kg of virgin material that is replaced."),
            Number("--qs-in", "Quality of recycled material that goes in, against virgin material."),
            Number("--qs-out", "Quality of the material after recycling, against virgin material."),
            Number("--eer", "kg CO2e per kg that is burnt, less the credits for heat and electricity."),
            Number("--b", "Share of energy recovery that falls to who uses the energy."),
            Number("--ed", "kg CO2e per kg that is disposed of."),
        ];
        return new(
            "end-of-life",
            "Computes the stage of end of life of one material by the circular footprint formula, per kilogram.",
            "export end-of-life --r1 0.12 --r2 0.9 --r3 0.05 --a 0.2 --ev 10 --erec 1 --erec-eol 0.8 --ev-replaced 10 "
                + "--qs-in 1 --qs-out 0.95 --eer 0.5 --b 0.6 --ed 0.02",
            (parsed, _, output) =>
            {
                decimal[] of = [.. options.Select(parsed.GetValue)];
                var footprint = new CircularFootprint(
                    of[0], of[1], of[2], of[3], of[4], of[5], of[6], of[7], of[8], of[9], of[10], of[11], of[12]);
                output.Show(
                    footprint,
                    Output.Facts(
                        ("material", $"{footprint.Material:0.############} kg CO2e per kg, with the recycled content"),
                        ("recycling", $"{footprint.RecyclingAfterUse:0.############}"),
                        ("energy", $"{footprint.Energy:0.############}"),
                        ("disposal", $"{footprint.Rest:0.############}"),
                        ("end of life", $"{footprint.EndOfLife:0.############} kg CO2e per kg; times the mass")),
                    "trace part facts PART --set declaration.end_of_life_kg=SUM, over all materials");
                return Task.CompletedTask;
            },
            [.. options])
        {
            Offline = true,
        };
    }

    private static Verb Verify()
    {
        var file = new Argument<FileInfo>("file")
        {
            Description = "An export; the file with what it was made of lies beside it.",
        };
        var bundle = new Option<FileInfo?>("--bundle")
        {
            Description = "An audit bundle of the same version: the total is computed from its events, too.",
        };
        return new(
            "verify",
            "Computes every number of an export again from the node, and on request from an audit bundle.",
            "export verify pack.json --bundle bundle.zip",
            async (parsed, session, output) =>
            {
                var source = parsed.GetValue(file)!;
                var bytes = await ReadAsync(source, session.Cancelled);
                var said = await ProvenanceAsync(source, session.Cancelled);
                var signature = await SignatureAsync(source, said, session.Cancelled);
                List<BundleCheck> checks =
                [
                    new(
                        "The file is the one that was written",
                        ExportProvenance.Hash(bytes) == said.Sha256,
                        said.Sha256),
                    .. await AgainAsync(session, said, bytes, signature),
                ];
                if (parsed.GetValue(bundle) is { } zip)
                {
                    var evidence = await BundleAsync(zip, session.Cancelled);
                    checks.AddRange(said.CheckAgainst(evidence));
                    if (signature is not null)
                    {
                        checks.Add(ExportSignature.Check(signature, bytes, evidence));
                    }
                }

                output.Show(
                    new { Made = said, Checks = checks },
                    Output.Rows(
                        ["", "checked", "found"],
                        checks.Select(check => new[] { check.Mark, check.What, check.Detail })),
                    "trace audit export PART -o bundle.zip, to check without this node");
                if (checks.Any(check => !check.Good))
                {
                    throw new ProblemException($"{source.Name} does not hold: see what is marked NO.");
                }
            },
            file, bundle);
    }

    /// <summary>The same version, facts and rules give the same bytes, and what is signed is signed once.</summary>
    private static async Task<IReadOnlyList<BundleCheck>> AgainAsync(
        Session session, ExportProvenance said, byte[] bytes, string? signature)
    {
        var format = said.File.Split('.')[0];
        var request = new ExportPartRequest
        {
            TraceId = said.TraceId.ToString(),
            Export = format,
            RulesVersion = said.RulesVersion,
            AsOfTime = said.AsOf.ToTimestamp(),
            Draft = said.Draft,
        };
        Dictionary<string, byte[]> again = [];
        using var export = session.Exports.ExportPart(request, session.Call);
        while (await export.ResponseStream.MoveNext(session.Cancelled))
        {
            again[export.ResponseStream.Current.Name] = export.ResponseStream.Current.Content.ToByteArray();
        }

        var same = again.TryGetValue(said.File, out var file) && file.AsSpan().SequenceEqual(bytes);
        BundleCheck comesOut = new(
            "It comes out again from the node, byte by byte", same, $"numbers: {said.Numbers.Count}");
        if (signature is null)
        {
            return [comesOut];
        }

        var signed = again.TryGetValue($"{format}.{ExportSignature.Extension}", out var known)
            && Encoding.UTF8.GetString(known) == signature;
        return [comesOut, new("The signature beside it is the one the node gave out", signed, format)];
    }

    /// <summary>Null where this file is not one that is signed, or nobody kept the signature.</summary>
    private static async Task<string?> SignatureAsync(
        FileInfo file, ExportProvenance said, CancellationToken cancellationToken)
    {
        var beside = Path.ChangeExtension(file.FullName, ExportSignature.Extension);
        var signed = ExportFormats.Find(said.File.Split('.')[0])?.SignedFile is { } extension
            && said.File.EndsWith($".{extension}", StringComparison.Ordinal);
        return signed && File.Exists(beside) ? await File.ReadAllTextAsync(beside, cancellationToken) : null;
    }

    private static async Task<AuditBundle> BundleAsync(FileInfo file, CancellationToken cancellationToken)
    {
        try
        {
            return AuditBundle.FromZip(await ReadAsync(file, cancellationToken));
        }
        catch (ProofException)
        {
            throw new ProblemException(
                $"{file.Name} is not a bundle that this version can read; `trace audit export` makes one.");
        }
    }

    private static Argument<string> Part => new("part") { Description = "A made part: its trace id, number or name." };

    private static Option<string?> Version => new("--rules-version")
    {
        Description = "The version of the standard; otherwise the newest that is in use.",
    };

    private static Option<TypedTime?> AsOf =>
        TypedTime.Option("--as-of", "What was known and in force then; of a day, when it began.");

    private static async Task<ExportProvenance> ProvenanceAsync(FileInfo file, CancellationToken cancellationToken)
    {
        var beside = new FileInfo($"{file.FullName}.{ExportProvenance.Extension}");
        try
        {
            return ExportProvenance.FromJson(await ReadAsync(beside, cancellationToken));
        }
        catch (JsonException)
        {
            throw new ProblemException($"{beside.Name} does not say what {file.Name} was made of.");
        }
    }

    private static async Task<byte[]> ReadAsync(FileInfo file, CancellationToken cancellationToken) => file.Exists
        ? await File.ReadAllBytesAsync(file.FullName, cancellationToken)
        : throw new ProblemException($"{file.FullName} does not exist.");
}
