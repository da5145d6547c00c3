using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>What the operator emits, what suppliers answered, and the sum.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class FootprintServer(HostedOperators operators, Recalculation recalculation, TimeProvider clock)
    : Wire.FootprintService.FootprintServiceBase
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(15);

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DeclareContributionResponse> DeclareContribution(
        Wire.DeclareContributionRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var wire = request.Contribution ?? new();
        var input = new Input();
        var id = input.Id("contribution.trace_id", wire.TraceId);
        var stages = ReadStages(input, wire.Figures ?? new());
        var (start, end) = input.Period("contribution.reference_period", wire.ReferencePeriod);
        input.ThrowIfInvalid();

        var part = await op.PartAsync(id, context.CancellationToken);
        await op.WorkAsync(context, async work =>
        {
            var decided = await work.DecideAsync<Footprint>(
                Keys.Footprint(id),
                footprint => Footprint.Declare(footprint, part, stages, new(start, end), clock.GetUtcNow()),
                context.CancellationToken);
            if (decided.Events.Count > 0)
            {
                Recalculation.Note(work, id);
            }

            return decided;
        });
        await recalculation.RunAsync(op, context.CancellationToken);
        return new() { Footprint = await ReadAsync(op, part, context.CancellationToken) };
    }

    public override async Task<Wire.GetFootprintResponse> GetFootprint(
        Wire.GetFootprintRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trace_id", request.TraceId);
        input.ThrowIfInvalid();
        var part = await op.PartAsync(id, context.CancellationToken);
        return new() { Footprint = await ReadAsync(op, part, context.CancellationToken) };
    }

    public override async Task WatchFootprint(
        Wire.WatchFootprintRequest request,
        IServerStreamWriter<Wire.WatchFootprintResponse> responseStream,
        ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trace_id", request.TraceId);
        input.ThrowIfInvalid();
        var part = await op.PartAsync(id, context.CancellationToken);
        using var timer = new PeriodicTimer(WatchInterval);
        Wire.Footprint? told = null;
        var toldAt = clock.GetUtcNow();
        do
        {
            var footprint = await ReadAsync(op, part, context.CancellationToken);
            if (!footprint.Equals(told) || clock.GetUtcNow() - toldAt >= CheckpointInterval)
            {
                (told, toldAt) = (footprint, clock.GetUtcNow());
                await responseStream.WriteAsync(new() { Footprint = footprint }, context.CancellationToken);
            }
        }
        while (await timer.WaitForNextTickAsync(context.CancellationToken));
    }

    private static List<StageFigure> ReadStages(Input input, Contracts.Common.V1.Figures figures)
    {
        List<StageFigure> stages = [];
        foreach (var (index, figure) in figures.Stages.Index())
        {
            var field = $"contribution.figures.stages[{index}]";
            var stage = input.Enum<Contracts.Common.V1.LifeCycleStage, LifeCycleStage>($"{field}.stage", figure.Stage);
            if (stages.Any(other => other.Stage == stage))
            {
                input.Violate($"{field}.stage", figure.Stage, "must be named once.");
            }

            stages.Add(new(stage, input.NotNegative($"{field}.amount", figure.Amount)));
        }

        if (stages.Count == 0)
        {
            input.Violate("contribution.figures.stages", "", "must hold at least one stage.");
        }

        return stages;
    }

    private static async Task<Wire.Footprint> ReadAsync(
        HostedOperator op, Part part, CancellationToken cancellationToken) => part.Kind == PartKind.Bought
            ? ToWire(part, await Recalculation.UpstreamAsync(op, part.TraceId, cancellationToken))
            : await ReadMadeAsync(op, part, cancellationToken);

    private static async Task<Wire.Footprint> ReadMadeAsync(
        HostedOperator op, Part part, CancellationToken cancellationToken)
    {
        var footprint = await op.ReadAsync<Footprint>(Keys.Footprint(part.TraceId), cancellationToken)
            ?? Footprint.Unknown(part.TraceId);
        var result = await Recalculation.ResultAsync(
            op, part.TraceId, footprint, new Dictionary<Guid, Footprint>(), cancellationToken);
        var wire = new Wire.Footprint
        {
            TraceId = part.TraceId.ToString(),
            DeclaredUnit = part.DeclaredUnit,
            Figures = footprint.Figures is { } figures ? WireFigures.ToWire(figures) : null,
            Complete = footprint.Complete,
            Version = footprint.Version,
            RollUpTime = footprint.RolledUpAt?.ToTimestamp(),
            ReferencePeriod = WireFigures.ToWire(footprint.Period),
            Lines = { result.Lines.Select(ToWire) },
        };
        if (footprint.Contribution is { } own)
        {
            wire.Contribution = new()
            {
                TraceId = wire.TraceId,
                Figures = WireFigures.ToWire(own),
                ReferencePeriod = WireFigures.ToWire(footprint.Period),
            };
        }

        return wire;
    }

    private static Wire.FootprintLine ToWire(RollUpLine line)
    {
        var wire = new Wire.FootprintLine
        {
            ChildTraceId = line.ChildTraceId.ToString(),
            Quantity = WireFigures.ToWire(line.Quantity),
            State = (Wire.LineState)line.State,
            Figures = line.Figures is { } figures ? WireFigures.ToWire(figures) : null,
        };
        if (line.Version is { } version)
        {
            wire.Version = version;
        }

        return wire;
    }

    private static Wire.Footprint ToWire(Part part, UpstreamTotal? upstream) => new()
    {
        TraceId = part.TraceId.ToString(),
        DeclaredUnit = part.DeclaredUnit,
        Figures = upstream?.Figures is { } figures ? WireFigures.ToWire(figures) : null,
        Complete = upstream is { Complete: true },
        Version = upstream?.Version ?? 0,
        RollUpTime = upstream?.ReceivedAt?.ToTimestamp(),
        ReferencePeriod = WireFigures.ToWire(upstream?.Period),
    };
}
