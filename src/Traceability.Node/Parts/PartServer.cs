using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Storage;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Parts;

/// <summary>The parts of one operator and what goes into them.</summary>
[AllowRoles(Roles.Clerk, Roles.Auditor)]
internal sealed class PartServer(HostedOperators operators, Recalculation recalculation, TimeProvider clock)
    : Wire.PartService.PartServiceBase
{
    private const int MaxName = 200;

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RegisterPartResponse> RegisterPart(
        Wire.RegisterPartRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var wire = request.Part ?? new();
        var input = new Input();
        var id = input.Id("part.trace_id", wire.TraceId);
        var name = input.Text("part.name", wire.Name, 1, MaxName);
        var kind = input.Enum<Wire.PartKind, PartKind>("part.kind", wire.Kind);
        var unit = input.Unit("part.declared_unit", wire.DeclaredUnit);
        input.ThrowIfInvalid();

        var decided = await op.WorkAsync(context, work => work.DecideAsync<Part>(
            Keys.Part(id), part => Part.Register(part, id, name, kind, unit, clock.GetUtcNow()),
            context.CancellationToken));
        return new() { Part = ToWire(decided.State) };
    }

    public override async Task<Wire.GetPartResponse> GetPart(Wire.GetPartRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trace_id", request.TraceId);
        input.ThrowIfInvalid();
        return new() { Part = ToWire(await op.PartAsync(id, context.CancellationToken)) };
    }

    public override async Task<Wire.ListPartsResponse> ListParts(
        Wire.ListPartsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var size = input.PageSize(request.PageSize);
        input.ThrowIfInvalid();
        var page = await op.QueryAsync<Part>(
            "where d.id > ? order by d.id limit ?", context.CancellationToken, request.PageToken, size);
        return new()
        {
            Parts = { page.Select(ToWire) },
            NextPageToken = page.Count < size ? "" : page[^1].Id,
        };
    }

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.DeclareBillOfMaterialsResponse> DeclareBillOfMaterials(
        Wire.DeclareBillOfMaterialsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("parent_trace_id", request.ParentTraceId);
        var lines = ReadLines(input, request.Lines);
        input.ThrowIfInvalid();

        var parent = await op.PartAsync(id, context.CancellationToken);
        var parts = await PartsAsync(op, lines, context.CancellationToken);
        var children = await ChildrenAsync(op, context.CancellationToken);
        var decided = await op.WorkAsync(context, async work =>
        {
            var bill = await work.DecideAsync<BillOfMaterials>(
                Keys.BillOfMaterials(id),
                existing => BillOfMaterials.Declare(
                    existing, parent, lines, parts, at => children[at], clock.GetUtcNow()),
                request.Etag,
                context.CancellationToken);
            if (bill.Events.Count > 0)
            {
                Recalculation.Note(work, id);
            }

            return bill;
        });
        await recalculation.RunAsync(op, context.CancellationToken);
        return new() { BillOfMaterials = ToWire(decided.State) };
    }

    public override async Task<Wire.GetBillOfMaterialsResponse> GetBillOfMaterials(
        Wire.GetBillOfMaterialsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("parent_trace_id", request.ParentTraceId);
        input.ThrowIfInvalid();
        await op.PartAsync(id, context.CancellationToken);
        var bill = await op.ReadAsync<BillOfMaterials>(Keys.BillOfMaterials(id), context.CancellationToken);
        return new()
        {
            BillOfMaterials = bill is null ? new() { ParentTraceId = id.ToString() } : ToWire(bill),
        };
    }

    private static List<BillOfMaterialsLine> ReadLines(Input input, RepeatedField<Wire.BillOfMaterialsLine> wire)
    {
        if (wire.Count > BillOfMaterials.MaxLines)
        {
            input.Violate("lines", wire.Count, $"must be at most {BillOfMaterials.MaxLines}; make sub-assemblies.");
            return [];
        }

        List<BillOfMaterialsLine> lines = [];
        HashSet<Guid> seen = [];
        foreach (var (index, line) in wire.Index())
        {
            var child = input.Id($"lines[{index}].child_trace_id", line.ChildTraceId);
            var quantity = input.Positive($"lines[{index}].quantity", line.Quantity);
            if (!seen.Add(child))
            {
                input.Violate($"lines[{index}].child_trace_id", child, "must be named once; add the quantities.");
            }

            lines.Add(new(child, quantity.Amount, quantity.Unit.Name));
        }

        return lines;
    }

    private static async Task<Dictionary<Guid, Part>> PartsAsync(
        HostedOperator op, IEnumerable<BillOfMaterialsLine> lines, CancellationToken cancellationToken)
    {
        Dictionary<Guid, Part> parts = [];
        foreach (var line in lines)
        {
            if (await op.ReadAsync<Part>(Keys.Part(line.ChildTraceId), cancellationToken) is { } part)
            {
                parts.Add(part.TraceId, part);
            }
        }

        return parts;
    }

    private static async Task<ILookup<Guid, Guid>> ChildrenAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var bills = await op.QueryAsync<BillOfMaterials>("order by d.id", cancellationToken);
        return bills.SelectMany(bill => bill.Lines.Select(line => (bill.ParentTraceId, line.ChildTraceId)))
            .ToLookup(line => line.ParentTraceId, line => line.ChildTraceId);
    }

    private static Wire.Part ToWire(Part part) => new()
    {
        TraceId = part.TraceId.ToString(),
        Name = part.Name,
        Kind = (Wire.PartKind)part.Kind,
        DeclaredUnit = part.DeclaredUnit,
        RegisterTime = part.RegisteredAt.ToTimestamp(),
    };

    private static Wire.BillOfMaterials ToWire(BillOfMaterials bill) => new()
    {
        ParentTraceId = bill.ParentTraceId.ToString(),
        Version = bill.Version,
        DeclareTime = bill.DeclaredAt.ToTimestamp(),
        Lines =
        {
            bill.Lines.Select(line => new Wire.BillOfMaterialsLine
            {
                ChildTraceId = line.ChildTraceId.ToString(),
                Quantity = WireFigures.ToWire(line.Quantity),
            }),
        },
    };
}
