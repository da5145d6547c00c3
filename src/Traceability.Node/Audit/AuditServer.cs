using Google.Protobuf;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Node.Trades;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Audit;

/// <summary>Whether history is what was written, and the evidence for it.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed partial class AuditServer(HostedOperators operators, TimeProvider clock)
    : Wire.AuditService.AuditServiceBase
{
    private const int MaxReason = 1000;
    private const int ChunkBytes = 256 * 1024;

    public override async Task<Wire.CheckHistoryResponse> CheckHistory(
        Wire.CheckHistoryRequest request, ServerCallContext context)
    {
        var op = operators.EvenStopped(context);
        var input = new Input();
        var kept = input.Checkpoints("seen_checkpoints", request.SeenCheckpoints);
        input.ThrowIfInvalid();
        var (cosigned, asked) = await CosignedAsync(op, context.CancellationToken);
        string[] seen = cosigned.Length == 0 ? [.. kept] : [.. kept, cosigned];
        var report = await HistoryCheck.RunAsync(op.Database.Source, op.Log, seen, context.CancellationToken);
        return new()
        {
            Findings =
            {
                report.Findings.Select(finding => new Wire.HistoryFinding
                {
                    What = finding.What,
                    Problem = finding.Problem,
                    ForeignEvidence = finding.Foreign,
                }),
            },
            NotLookedAt = { NotLookedAt(report, kept.Count, asked) },
            Leaves = report.Leaves,
            Waiting = report.Waiting,
            Masked = report.Masked,
            Checkpoints = report.Checkpoints,
            CosignedCheckpoint = cosigned,
            BrokerCheckpoint = await BrokerSeenAsync(op, context.CancellationToken),
        };
    }

    private static IEnumerable<string> NotLookedAt(HistoryReport report, int kept, bool asked)
    {
        if (!asked)
        {
            yield return "what the broker has seen: it does not answer, or has seen nothing yet; what this node "
                + "remembers of it was taken instead";
        }

        if (kept == 0)
        {
            yield return "checkpoints that others have kept: none was handed in";
        }

        if (report.Waiting > 0)
        {
            yield return $"{report.Waiting} events that are not logged yet: they are only held against their seals";
        }

        if (report.Masked > 0)
        {
            yield return $"what {report.Masked} masked events said: it was taken out";
        }

        yield return "whether what was recorded is true, and whether read models agree with it (CheckReadModels)";
    }

    public override async Task<Wire.CheckReadModelsResponse> CheckReadModels(
        Wire.CheckReadModelsRequest request, ServerCallContext context)
    {
        var report = await ReadModelCheck.RunAsync(operators.EvenStopped(context).Database, context.CancellationToken);
        return new()
        {
            Streams = report.Streams,
            Differences =
            {
                report.Differences.Select(one => new Wire.HistoryFinding { What = one.Key, Problem = one.Problem }),
            },
        };
    }

    [AllowRoles(Roles.Clerk, Roles.Auditor, Roles.ExternalAuditor)]
    public override async Task ReplayFootprint(
        Wire.ReplayFootprintRequest request,
        IServerStreamWriter<Wire.ReplayFootprintResponse> responseStream,
        ServerCallContext context)
    {
        var input = new Input();
        var traceId = input.Id<TraceId>("trace_id", request.TraceId);
        var operatorId = input.OptionalId<OperatorId>("operator_id", request.OperatorId);
        var asOf = input.OptionalTime("as_of_time", request.AsOfTime) ?? DateTimeOffset.MaxValue;
        var version = Version(input, "version", request.Version);
        input.ThrowIfInvalid();
        var now = clock.GetUtcNow();
        var admission = await Admission.OfAsync(operators, operatorId, traceId, version, now, context);
        var op = admission.Operator;
        var part = await op.PartAsync(traceId, context.CancellationToken);
        part.MustBe(PartKind.Made);
        await admission.RecordAsync("replay", traceId, version, context);
        var replay = await Replay.OfAsync(op, part, asOf, admission.Scope, context.CancellationToken);
        foreach (var e in replay.Events)
        {
            await responseStream.SendAsync(new() { Event = e }, context);
        }

        foreach (var one in replay.Versions.Where(one => one.Version == (version ?? one.Version)))
        {
            foreach (var answer in InMessages(one))
            {
                await responseStream.SendAsync(answer, context);
            }
        }
    }

    /// <summary>
    /// A version with thousands of suppliers, each with its statement, is more than one message holds.
    /// </summary>
    private static IEnumerable<Wire.ReplayFootprintResponse> InMessages(Wire.ReplayedVersion version)
    {
        var (sources, changes) = (version.Sources.ToArray(), version.Changes.ToArray());
        version.Sources.Clear();
        version.Changes.Clear();
        version.Sources.AddRange(sources.ThatFit());
        version.Changes.AddRange(changes.ThatFit());
        yield return new() { Version = version };
        var (told, explained) = (version.Sources.Count, version.Changes.Count);
        while (told < sources.Length || explained < changes.Length)
        {
            var more = new Wire.ReplayedVersion
            {
                Version = version.Version,
                Sources = { sources[told..].ThatFit() },
                Changes = { changes[explained..].ThatFit() },
            };
            (told, explained) = (told + more.Sources.Count, explained + more.Changes.Count);
            yield return new() { Continued = more };
        }
    }

    [AllowRoles(Roles.Clerk, Roles.Auditor, Roles.ExternalAuditor)]
    public override async Task ExportBundle(
        Wire.ExportBundleRequest request,
        IServerStreamWriter<Wire.ExportBundleResponse> responseStream,
        ServerCallContext context)
    {
        var input = new Input();
        var traceId = input.Id<TraceId>("trace_id", request.TraceId);
        var operatorId = input.OptionalId<OperatorId>("operator_id", request.OperatorId);
        var wanted = Version(input, "version", request.Version);
        input.ThrowIfInvalid();
        var now = clock.GetUtcNow();
        var admission = await Admission.OfAsync(operators, operatorId, traceId, wanted, now, context);
        var op = admission.Operator;
        var part = await op.PartAsync(traceId, context.CancellationToken);
        part.MustBe(PartKind.Made);
        var version = await ExistingAsync(
            op, traceId, wanted ?? admission.Scope.Version, context.CancellationToken);
        await admission.RecordAsync("bundle", traceId, version, context);
        var zip = await BundleWriter.WriteAsync(op, part, version, admission.Scope, clock, context.CancellationToken);
        foreach (var chunk in zip.Chunk(ChunkBytes))
        {
            await responseStream.SendAsync(new() { Chunk = ByteString.CopyFrom(chunk) }, context);
        }
    }

    public override async Task<Wire.ProveConsistencyResponse> ProveConsistency(
        Wire.ProveConsistencyRequest request, ServerCallContext context)
    {
        var op = operators.EvenStopped(context);
        var size = (await op.Log.CheckpointAsync(context.CancellationToken))?.Size ?? 0;
        var input = new Input();
        if (request.OldSize < 1)
        {
            input.Violate("old_size", request.OldSize, "must be at least 1.");
        }

        if (request.Size < request.OldSize || request.Size > size)
        {
            input.Violate("size", request.Size, $"must be from old_size to the size of the log, {size}.");
        }

        input.ThrowIfInvalid();
        var proof = await op.Log.ConsistencyProofAsync(request.OldSize, request.Size, context.CancellationToken);
        return new()
        {
            Hashes = { proof.Select(hash => ByteString.CopyFrom(hash)) },
            LogKey = op.Log.Verifier.ToString(),
        };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.MaskTradeResponse> MaskTrade(
        Wire.MaskTradeRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var act = new MaskTrade(
            input.Id<TradeId>("trade_id", request.TradeId), input.Writing("reason", request.Reason, 1, MaxReason));
        input.ThrowIfInvalid();
        var trade = await op.TradeAsync(act.TradeId, context.CancellationToken);
        // A leaf can stand for what is taken out only once it is there.
        await Logged.WaitAsync(
            async () => (await op.Log.LeavesAsync([trade.Id], context.CancellationToken)).Count >= trade.StreamVersion,
            "The newest events are not logged yet; repeat the call in a second.",
            clock,
            context.CancellationToken);
        return new() { Masked = await op.DoAsync(act, context) };
    }

    private static async Task<long> ExistingAsync(
        HostedOperator op, TraceId traceId, long? wanted, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        var footprint = await session.LoadAsync<Footprint>(StreamNames.Footprint(traceId), cancellationToken);
        var newest = footprint?.FootprintVersion ?? 0;
        var version = wanted ?? newest;
        return version > 0 && version <= newest
            ? version
            : throw RefusedException.NotDisclosed("Footprint", "trace_id", traceId);
    }

    /// <summary>What this node has seen of the broker's log, with the operator's word for it.</summary>
    private async Task<string> BrokerSeenAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var seen = await WitnessedLogs.ReadAsync(op.Database.Source, LogKeys.BrokerOrigin, cancellationToken);
        if (seen is null or "")
        {
            return "";
        }

        var note = SignedNote.Parse(seen);
        var cosignature = op.Keys.Log.Signer.Cosign(note.Text, clock.GetUtcNow());
        return new SignedNote(note.Text, [.. note.Signatures, cosignature]).ToString();
    }

    /// <summary>What the broker remembers counts; what this node does only if the broker cannot be asked.</summary>
    private static async Task<(string Note, bool Asked)> CosignedAsync(
        HostedOperator op, CancellationToken cancellationToken)
    {
        try
        {
            var request = new GetCheckpointRequest { Origin = op.Log.Origin };
            var call = await op.Broker.CallAsync(cancellationToken);
            return ((await op.Broker.Witness.GetCheckpointAsync(request, call)).Checkpoint, true);
        }
        catch (Exception fault) when (fault is RpcException or HttpRequestException)
        {
            return ((await op.Log.CosignedAsync(cancellationToken))?.Note ?? "", false);
        }
    }
}
