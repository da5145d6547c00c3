using Grpc.Core;
using Traceability.Domain;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Releases;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>
/// What the operator emits, what suppliers answered, and the sum. Questions about it are in Analysis.
/// </summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed partial class FootprintServer(
    HostedOperators operators, Recalculation recalculation, TimeProvider clock)
    : Wire.FootprintService.FootprintServiceBase
{
    private const int MaxVerifier = 200;

    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(15);

    /// <summary>Commits of this process are told at once; those of another are found by looking.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DeclareContributionResponse> DeclareContribution(
        Wire.DeclareContributionRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var declared = ContributionInput.Read(input, "contribution", request.Contribution ?? new(), clock.GetUtcNow());
        input.ThrowIfInvalid();

        var part = await op.PartAsync(declared.TraceId, context.CancellationToken);
        await op.WorkAsync(context, async work =>
        {
            var decided = await work.DecideAsync<Footprint>(
                Keys.Footprint(part.TraceId),
                footprint => Footprint.Declare(footprint, part, declared),
                request.Etag,
                context.CancellationToken);
            if (decided.Events.Count > 0)
            {
                Recalculation.Note(work, part.TraceId);
            }

            return decided;
        });
        await recalculation.RunAsync(op, context.CancellationToken);
        return new() { Footprint = await ReadAsync(op, part, context) };
    }

    public override async Task<Wire.GetFootprintResponse> GetFootprint(
        Wire.GetFootprintRequest request, ServerCallContext context)
    {
        var (op, part) = await FindAsync(request.TraceId, context);
        return new() { Footprint = await ReadAsync(op, part, context) };
    }

    public override async Task WatchFootprint(
        Wire.WatchFootprintRequest request,
        IServerStreamWriter<Wire.WatchFootprintResponse> responseStream,
        ServerCallContext context)
    {
        var (op, part) = await FindAsync(request.TraceId, context);
        Wire.Footprint? told = null;
        var toldAt = clock.GetUtcNow();
        while (true)
        {
            // Taken before reading: a commit in between ends the wait at once.
            var committed = op.Committed;
            var footprint = await ReadAsync(op, part, context);
            if (!footprint.Equals(told) || clock.GetUtcNow() - toldAt >= CheckpointInterval)
            {
                (told, toldAt) = (footprint, clock.GetUtcNow());
                await responseStream.SendAsync(new() { Footprint = footprint }, context);
            }

            await Task.WhenAny(committed, Task.Delay(LookInterval, clock, context.CancellationToken));
            context.CancellationToken.ThrowIfCancellationRequested();
        }
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RequireApprovalResponse> RequireApproval(
        Wire.RequireApprovalRequest request, ServerCallContext context)
    {
        var (op, part) = await FindAsync(request.TraceId, context);
        await op.WorkAsync(context, work => work.DecideAsync<Footprint>(
            Keys.Footprint(part.TraceId),
            footprint => Footprint.RequireApproval(footprint, part, request.Required, clock.GetUtcNow()),
            context.CancellationToken));
        return new() { Footprint = await ReadAsync(op, part, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.ApproveFootprintResponse> ApproveFootprint(
        Wire.ApproveFootprintRequest request, ServerCallContext context)
    {
        var (op, part) = await FindAsync(request.TraceId, context);
        await op.WorkAsync(context, async work =>
        {
            var decided = await work.DecideAsync<Footprint>(
                Keys.Footprint(part.TraceId),
                footprint => Approve(footprint ?? Footprint.Unknown(part.TraceId), request.Etag),
                context.CancellationToken);
            if (decided.Events.Count > 0)
            {
                await Recalculation.QueueDisclosuresAsync(op, work, [part.TraceId], context.CancellationToken);
                await NoteAboveAsync(op, work, part.TraceId, context.CancellationToken);
            }

            return decided;
        });
        await recalculation.RunAsync(op, context.CancellationToken);
        return new() { Footprint = await ReadAsync(op, part, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RecordCertificateResponse> RecordCertificate(
        Wire.RecordCertificateRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var wire = request.Certificate ?? new();
        var input = new Input();
        var id = input.Id("certificate.certificate_id", wire.CertificateId);
        var traceId = input.Id("certificate.trace_id", wire.TraceId);
        var verifier = input.Text("certificate.verifier", wire.Verifier, 1, MaxVerifier);
        var stages = WireFigures.ReadStages(input, "certificate.stages", wire.Stages);
        var (start, end) = input.Period("certificate.validity", wire.Validity);
        input.ThrowIfInvalid();

        await op.PartAsync(traceId, context.CancellationToken);
        var footprint = await op.ReadAsync<Footprint>(Keys.Footprint(traceId), context.CancellationToken)
            ?? Footprint.Unknown(traceId);
        var now = clock.GetUtcNow();
        var decided = await op.WorkAsync(context, async work =>
        {
            var recorded = await work.DecideAsync<Certificate>(
                Keys.Certificate(id),
                existing => Certificate.Record(
                    existing, id, footprint, verifier, stages, new(start, end), Sign, now),
                context.CancellationToken);
            if (recorded.Events.Count > 0)
            {
                await Recalculation.QueueDisclosuresAsync(
                    op, work, [traceId], context.CancellationToken, FootprintField.Certificate);
            }

            return recorded;
        });
        op.WakeSender();
        return new()
        {
            Certificate = WireFootprint.ToWire(traceId, decided.State.Stated, decided.State.At(now, footprint)),
        };

        string Sign(StatedCertificate stated) =>
            CertificateForm.Sign(op.Keys.Signing, op.OperatorId, op.Keys.PartRef(traceId), stated, now);
    }

    private object[] Approve(Footprint footprint, string etag) => etag.Length > 0 && etag != $"{footprint.Version + 1}"
        ? throw new RefusedException(
            RefusalReason.StaleVersion,
            "Another total waits meanwhile: read again, decide again.",
            ("record", Keys.Footprint(footprint.TraceId)))
        : footprint.Approve(clock.GetUtcNow());

    private static async Task NoteAboveAsync(
        HostedOperator op, Work work, Guid traceId, CancellationToken cancellationToken)
    {
        foreach (var above in await Links.AboveAsync(op.Source, [traceId], cancellationToken))
        {
            Recalculation.Note(work, above);
        }
    }

    private async Task<(HostedOperator Operator, Part Part)> FindAsync(string traceId, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trace_id", traceId);
        input.ThrowIfInvalid();
        return (op, await op.PartAsync(id, context.CancellationToken));
    }

    private Task<Wire.Footprint> ReadAsync(HostedOperator op, Part part, ServerCallContext context) =>
        op.FootprintAsync(part, clock.GetUtcNow(), context.CancellationToken);
}
