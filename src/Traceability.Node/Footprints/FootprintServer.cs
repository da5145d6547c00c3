using Grpc.Core;
using Traceability.Domain.Certificates;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Certificates;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>
/// What the operator emits, what suppliers answered, and the sum. Questions about it are in Analysis.
/// </summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed partial class FootprintServer(HostedOperators operators, TimeProvider clock)
    : Wire.FootprintService.FootprintServiceBase
{
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(15);

    /// <summary>Seconds: a caller that waits longer asks again, and learns in between that the node is there.</summary>
    private const int LongestWait = 60;

    /// <summary>Commits of this process are told at once; those of another are found by looking.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DeclareContributionResponse> DeclareContribution(
        Wire.DeclareContributionRequest request, ServerCallContext context)
    {
        const string At = "contribution.";
        var wire = request.Contribution ?? new();
        var input = new Input();
        var (start, end) = input.Period($"{At}reference_period", wire.ReferencePeriod);
        var act = Footprints.DeclareContribution.Read(
            input,
            At,
            input.Id<TraceId>($"{At}trace_id", wire.TraceId),
            FigureMapping.Read(input, $"{At}figures", wire.Figures),
            new(start, end),
            wire.Source,
            input.OptionalTime($"{At}valid_until_time", wire.ValidUntilTime),
            input.Etag("etag", request.Etag));
        input.ThrowIfInvalid();
        return new() { Footprint = await DoAsync(act, act.Part, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.TakeBackTypedFigureResponse> TakeBackTypedFigure(
        Wire.TakeBackTypedFigureRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new TakeBackTypedFigure(
            input.Id<TraceId>("trace_id", request.TraceId), input.Etag("etag", request.Etag));
        input.ThrowIfInvalid();
        return new() { Footprint = await DoAsync(act, act.Part, context) };
    }

    public override async Task<Wire.GetFootprintResponse> GetFootprint(
        Wire.GetFootprintRequest request, ServerCallContext context)
    {
        var (op, part) = await FindAsync(request.TraceId, context);
        return new() { Footprint = await ReadAsync(op, part, context) };
    }

    public override async Task<Wire.ListFootprintLinesResponse> ListFootprintLines(
        Wire.ListFootprintLinesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, skip) = (input.PageSize(request.PageSize), input.Offset(request.PageToken));
        input.ThrowIfInvalid();
        var (op, part) = await FindMadeAsync(request.TraceId, context);
        var footprint = await op.FootprintAsync(part, clock.GetUtcNow(), context.CancellationToken);
        var shown = footprint.Lines.Skip(skip).Take(size).ThatFit();
        return new()
        {
            Lines = { shown },
            NextPageToken = skip + shown.Count < footprint.Lines.Count ? $"{skip + shown.Count}" : "",
            Version = footprint.Version,
        };
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
            var committed = op.Committed.Next;
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
        var input = new Input();
        var act = new RequireApproval(input.Id<TraceId>("trace_id", request.TraceId), request.Required);
        input.ThrowIfInvalid();
        return new() { Footprint = await DoAsync(act, act.Part, context) };
    }

    [AllowRoles(Roles.Clerk, Roles.Approver)]
    public override async Task<Wire.ApproveFootprintResponse> ApproveFootprint(
        Wire.ApproveFootprintRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new ApproveFootprint(
            input.Id<TraceId>("trace_id", request.TraceId), input.Etag("etag", request.Etag));
        input.ThrowIfInvalid();
        return new() { Footprint = await DoAsync(act, act.Part, context) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RecordCertificateResponse> RecordCertificate(
        Wire.RecordCertificateRequest request, ServerCallContext context)
    {
        var wire = request.Certificate ?? new();
        var input = new Input();
        var (start, end) = input.Period("certificate.validity", wire.Validity);
        var act = new RecordCertificate(
            input.Id("certificate.certificate_id", wire.CertificateId),
            input.Id<TraceId>("certificate.trace_id", wire.TraceId),
            input.Writing("certificate.verifier", wire.Verifier, 1, Certificate.MaxVerifier),
            FigureMapping.ReadStages(input, "certificate.stages", wire.Stages),
            new(start, end));
        input.ThrowIfInvalid();
        return new() { Certificate = ToWire(await operators.Of(context).DoAsync(act, context)) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.WithdrawCertificateResponse> WithdrawCertificate(
        Wire.WithdrawCertificateRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new WithdrawCertificate(input.Id("certificate_id", request.CertificateId));
        input.ThrowIfInvalid();
        return new() { Certificate = ToWire(await operators.Of(context).DoAsync(act, context)) };
    }

    public override async Task<Wire.GetSettlementResponse> GetSettlement(
        Wire.GetSettlementRequest request, ServerCallContext context)
    {
        var input = new Input();
        if (request.WaitSeconds is < 0 or > LongestWait)
        {
            input.Violate("wait_seconds", request.WaitSeconds, $"must be 0 to {LongestWait}.");
        }

        input.ThrowIfInvalid();
        var left = await Settlement.ReadAsync(
            operators.Of(context), clock, TimeSpan.FromSeconds(request.WaitSeconds), context.CancellationToken);
        return new()
        {
            Settled = left.Settled,
            WaitingNotices = left.Notices,
            DueRollUps = left.RollUps,
            Problems = left.Problems,
            WaitingApprovals = left.Approvals,
        };
    }

    private Wire.Certificate ToWire(RecordedCertificate recorded) =>
        FootprintMapping.ToWire(recorded.Certificate, recorded.Footprint, clock.GetUtcNow());

    /// <summary>Answers with the footprint as it stands after the act and all that followed from it.</summary>
    private async Task<Wire.Footprint> DoAsync(
        IAct<Decided<Footprint>> act, TraceId traceId, ServerCallContext context)
    {
        var op = operators.Of(context);
        await op.DoAsync(act, context);
        return await ReadAsync(op, await op.PartAsync(traceId, context.CancellationToken), context);
    }

    private async Task<(HostedOperator Operator, Part Part)> FindAsync(string traceId, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id<TraceId>("trace_id", traceId);
        input.ThrowIfInvalid();
        return (op, await op.PartAsync(id, context.CancellationToken));
    }

    private async Task<Wire.Footprint> ReadAsync(HostedOperator op, Part part, ServerCallContext context) =>
        (await op.FootprintAsync(part, clock.GetUtcNow(), context.CancellationToken)).ThatFits();
}
