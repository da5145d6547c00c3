using Grpc.Core;
using Marten;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Parts;

/// <summary>The parts of one operator and what goes into them.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class PartServer(HostedOperators operators, TimeProvider clock) : Wire.PartService.PartServiceBase
{
    private const int MaxIds = 1000;

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RegisterPartResponse> RegisterPart(
        Wire.RegisterPartRequest request, ServerCallContext context)
    {
        var wire = request.Part ?? new();
        var input = new Input();
        var id = input.Id<TraceId>("part.trace_id", wire.TraceId);
        var kind = input.Enum<Wire.PartKind, PartKind>("part.kind", wire.Kind);
        var act = Parts.RegisterPart.Read(
            input, new("part.part_number", "part.name", "part.declared_unit"), id, wire.Name, kind, wire.DeclaredUnit,
            wire.PartNumber);
        input.ThrowIfInvalid();
        var part = await operators.Of(context).DoAsync(act, context);
        return new() { Part = PartMapping.ToWire(part.State) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RetirePartResponse> RetirePart(
        Wire.RetirePartRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new RetirePart(input.Id<TraceId>("trace_id", request.TraceId));
        input.ThrowIfInvalid();
        var part = await operators.Of(context).DoAsync(act, context);
        return new() { Part = PartMapping.ToWire(part.State) };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DeclareBillOfMaterialsResponse> DeclareBillOfMaterials(
        Wire.DeclareBillOfMaterialsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var act = new DeclareBillOfMaterials(
            input.Id<TraceId>("parent_trace_id", request.ParentTraceId),
            PartMapping.Read(input, "lines", request.Lines),
            input.OptionalTime("valid_from_time", request.ValidFromTime),
            input.Etag("etag", request.Etag));
        input.ThrowIfInvalid();
        var bill = await operators.Of(context).DoAsync(act, context);
        return new() { BillOfMaterials = PartMapping.ToWire(bill.State, bill.State.Versions[^1]) };
    }

    public override async Task<Wire.GetPartResponse> GetPart(Wire.GetPartRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id<TraceId>("trace_id", request.TraceId);
        input.ThrowIfInvalid();
        return new() { Part = PartMapping.ToWire(await op.PartAsync(id, context.CancellationToken)) };
    }

    public override async Task<Wire.ListPartsResponse> ListParts(
        Wire.ListPartsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, after) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        await using var session = op.Query();
        var page = await session.Query<Part>().Where(part => part.Id.CompareTo(after) > 0)
            .OrderBy(part => part.Id).Take(size).ToListAsync(context.CancellationToken);
        var shown = page.Select(PartMapping.ToWire).ThatFit();
        return new()
        {
            Parts = { shown },
            NextPageToken = MessagePages.Next(shown.Count, page, size, part => part.Id),
        };
    }

    public override async Task<Wire.FindPartsResponse> FindParts(
        Wire.FindPartsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, after) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        var text = input.Writing("name_or_number", request.NameOrNumber, 0, Part.MaxName);
        var ids = request.TraceIds.Count <= MaxIds
            ? request.TraceIds.Index().Select(id => input.Id<TraceId>($"trace_ids[{id.Index}]", id.Item)).ToArray()
            : [];
        if (request.TraceIds.Count > MaxIds)
        {
            input.Violate("trace_ids", request.TraceIds.Count, $"must be at most {MaxIds}.");
        }

        if (text.Length == 0 && request.TraceIds.Count == 0)
        {
            input.Violate("name_or_number", "", "must be a name or part number, unless trace ids are given.");
        }

        input.ThrowIfInvalid();
        await using var session = op.Query();
        var found = session.Query<Part>().Where(part => part.Id.CompareTo(after) > 0);
        found = text.Length == 0 ? found : found.Where(part => part.PartNumber == text || part.Name == text);
        string[] streams = [.. ids.Select(StreamNames.Part)];
        found = streams.Length == 0 ? found : found.Where(part => part.Id.IsOneOf(streams));
        var page = await found.OrderBy(part => part.Id).Take(size).ToListAsync(context.CancellationToken);
        var shown = page.Select(PartMapping.ToWire).ThatFit();
        return new()
        {
            Parts = { shown },
            NextPageToken = MessagePages.Next(shown.Count, page, size, part => part.Id),
        };
    }

    public override async Task<Wire.GetBillOfMaterialsResponse> GetBillOfMaterials(
        Wire.GetBillOfMaterialsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id<TraceId>("parent_trace_id", request.ParentTraceId);
        var at = input.OptionalTime("at_time", request.AtTime) ?? clock.GetUtcNow();
        input.ThrowIfInvalid();
        await op.PartAsync(id, context.CancellationToken);
        await using var session = op.Query();
        var bill = await session.LoadAsync<BillOfMaterials>(
            StreamNames.BillOfMaterials(id), context.CancellationToken);
        return new()
        {
            BillOfMaterials = bill is null
                ? new() { ParentTraceId = id.ToString() }
                : PartMapping.ToWire(bill, bill.At(at)),
        };
    }
}
