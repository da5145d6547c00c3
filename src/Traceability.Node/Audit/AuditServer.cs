using Google.Protobuf;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Storage;
using Traceability.Storage.Logs;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Audit;

/// <summary>Whether history is what was written.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class AuditServer(HostedOperators operators, TimeProvider clock) : Wire.AuditService.AuditServiceBase
{
    private const int MaxCheckpoints = 100;
    private const int ChunkBytes = 256 * 1024;
    private const int MaxCheckpoint = 64 * 1024;

    public override async Task<Wire.CheckHistoryResponse> CheckHistory(
        Wire.CheckHistoryRequest request, ServerCallContext context)
    {
        var op = operators.EvenStopped(context);
        var input = new Input();
        if (request.SeenCheckpoints.Count > MaxCheckpoints)
        {
            input.Violate("seen_checkpoints", request.SeenCheckpoints.Count, $"must be at most {MaxCheckpoints}.");
        }

        foreach (var (index, note) in request.SeenCheckpoints.Index())
        {
            input.Lines($"seen_checkpoints[{index}]", note, MaxCheckpoint);
        }

        input.ThrowIfInvalid();
        var cosigned = await CosignedAsync(op, context.CancellationToken);
        string[] seen = cosigned.Length == 0 ? [.. request.SeenCheckpoints] : [.. request.SeenCheckpoints, cosigned];
        var report = await HistoryCheck.RunAsync(op.Source, op.Log, seen, context.CancellationToken);
        return new()
        {
            Findings =
            {
                report.Findings.Select(finding => new Wire.HistoryFinding
                {
                    What = finding.What,
                    Problem = finding.Problem,
                }),
            },
            Leaves = report.Leaves,
            Waiting = report.Waiting,
            Masked = report.Masked,
            Checkpoints = report.Checkpoints,
            CosignedCheckpoint = cosigned,
        };
    }

    public override async Task<Wire.CheckReadModelsResponse> CheckReadModels(
        Wire.CheckReadModelsRequest request, ServerCallContext context)
    {
        var report = await ReadModelCheck.RunAsync(operators.EvenStopped(context).Source, context.CancellationToken);
        return new()
        {
            Streams = report.Streams,
            Differences =
            {
                report.Differences.Select(one => new Wire.HistoryFinding { What = one.Key, Problem = one.Problem }),
            },
        };
    }

    public override async Task ReplayFootprint(
        Wire.ReplayFootprintRequest request,
        IServerStreamWriter<Wire.ReplayFootprintResponse> responseStream,
        ServerCallContext context)
    {
        var op = operators.EvenStopped(context);
        var input = new Input();
        var traceId = input.Id("trace_id", request.TraceId);
        var asOf = input.OptionalTime("as_of_time", request.AsOfTime) ?? DateTimeOffset.MaxValue;
        if (request.Version < 0)
        {
            input.Violate("version", request.Version, "must be a version, or 0 for all.");
        }

        input.ThrowIfInvalid();
        var part = await op.PartAsync(traceId, context.CancellationToken);
        part.MustBe(PartKind.Made);
        var replay = await Replay.OfAsync(op, part, asOf, context.CancellationToken);
        foreach (var e in replay.Events)
        {
            await responseStream.SendAsync(new() { Event = e }, context);
        }

        foreach (var version in replay.Versions.Where(one => request.Version == 0 || one.Version == request.Version))
        {
            await responseStream.SendAsync(new() { Version = version }, context);
        }
    }

    public override async Task ExportBundle(
        Wire.ExportBundleRequest request,
        IServerStreamWriter<Wire.ExportBundleResponse> responseStream,
        ServerCallContext context)
    {
        var op = operators.EvenStopped(context);
        var input = new Input();
        var traceId = input.Id("trace_id", request.TraceId);
        if (request.Version < 0)
        {
            input.Violate("version", request.Version, "must be a version, or 0 for the newest.");
        }

        input.ThrowIfInvalid();
        var part = await op.PartAsync(traceId, context.CancellationToken);
        part.MustBe(PartKind.Made);
        var newest = (await op.ReadAsync<Footprint>(Keys.Footprint(traceId), context.CancellationToken))?.Version ?? 0;
        var version = request.Version == 0 ? newest : request.Version;
        if (version == 0 || version > newest)
        {
            throw RefusedException.NotDisclosed("Footprint", "trace_id", traceId);
        }

        var zip = await BundleWriter.WriteAsync(op, part, version, clock, context.CancellationToken);
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
        return new() { Hashes = { proof.Select(hash => ByteString.CopyFrom(hash)) } };
    }

    /// <summary>What the broker remembers counts; what this node does only if the broker cannot be asked.</summary>
    private static async Task<string> CosignedAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        try
        {
            var request = new GetCheckpointRequest { Origin = op.Log.Origin };
            var call = await op.Broker.CallAsync(cancellationToken);
            return (await op.Broker.Witness.GetCheckpointAsync(request, call)).Checkpoint;
        }
        catch (Exception fault) when (fault is RpcException or HttpRequestException)
        {
            return (await op.Log.CosignedAsync(cancellationToken))?.Note ?? "";
        }
    }
}
