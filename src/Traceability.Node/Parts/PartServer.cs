using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Trades;
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
    internal const int MaxName = 200;
    internal const int MaxPartNumber = 100;

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
        var number = input.Text("part.part_number", wire.PartNumber, 0, MaxPartNumber);
        input.ThrowIfInvalid();

        var wanted = new PartRegistered(id, name, kind, unit.Name, clock.GetUtcNow(), number);
        var decided = await op.WorkAsync(context, work => work.DecideAsync<Part>(
            Keys.Part(id), part => Part.Register(part, wanted), context.CancellationToken));
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

    [AllowRoles(Roles.Clerk)]
    public override async Task<Wire.RetirePartResponse> RetirePart(
        Wire.RetirePartRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("trace_id", request.TraceId);
        input.ThrowIfInvalid();
        await op.PartAsync(id, context.CancellationToken);
        var uses = await UsesAsync(op, id, clock.GetUtcNow(), context.CancellationToken);
        var decided = await op.WorkAsync(context, work => work.DecideAsync<Part>(
            Keys.Part(id), part => part!.Retire(uses, clock.GetUtcNow()), context.CancellationToken));
        return new() { Part = ToWire(decided.State) };
    }

    public override async Task<Wire.ListPartsResponse> ListParts(
        Wire.ListPartsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        var page = await op.QueryAsync<Part>(
            "where d.id > ? order by d.id limit ?", context.CancellationToken, token, size);
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
        var lines = BillInput.Read(input, "lines", request.Lines);
        var validFrom = input.OptionalTime("valid_from_time", request.ValidFromTime);
        input.ThrowIfInvalid();

        var parent = await op.PartAsync(id, context.CancellationToken);
        var (parts, children) = await BelowAsync(op, lines, context.CancellationToken);
        var decided = await op.WorkAsync(context, async work =>
        {
            var bill = await work.DecideAsync<BillOfMaterials>(
                Keys.BillOfMaterials(id),
                existing => BillOfMaterials.Declare(
                    existing, parent, lines, validFrom, parts, at => children[at], clock.GetUtcNow()),
                request.Etag,
                context.CancellationToken);
            if (bill.Events.Count > 0)
            {
                work.Line(id, lines.Select(line => line.ChildTraceId));
                Recalculation.Note(work, id, validFrom);
            }

            return bill;
        });
        await recalculation.RunAsync(op, context.CancellationToken);
        return new() { BillOfMaterials = ToWire(id, decided.State.Versions[^1], decided.State.DeclaredAt) };
    }

    public override async Task<Wire.GetBillOfMaterialsResponse> GetBillOfMaterials(
        Wire.GetBillOfMaterialsRequest request, ServerCallContext context)
    {
        var op = operators.Of(context);
        var input = new Input();
        var id = input.Id("parent_trace_id", request.ParentTraceId);
        var at = input.OptionalTime("at_time", request.AtTime) ?? clock.GetUtcNow();
        input.ThrowIfInvalid();
        await op.PartAsync(id, context.CancellationToken);
        var bill = await op.ReadAsync<BillOfMaterials>(Keys.BillOfMaterials(id), context.CancellationToken);
        return new()
        {
            BillOfMaterials = bill?.At(at) is { } version
                ? ToWire(id, version, bill.DeclaredAt)
                : new() { ParentTraceId = id.ToString() },
        };
    }

    /// <summary>Made parts are looked into as deep as they go: any of them may lead back to the parent.</summary>
    private static async Task<(Dictionary<Guid, Part> Parts, ILookup<Guid, Guid> Children)> BelowAsync(
        HostedOperator op, IEnumerable<BillOfMaterialsLine> lines, CancellationToken cancellationToken)
    {
        var below = await Links.BelowAsync(op.Source, lines.Select(line => line.ChildTraceId), cancellationToken);
        var parts = await op.ManyAsync<Part>(below, Keys.Part, cancellationToken);
        var bills = await op.ManyAsync<BillOfMaterials>(below, Keys.BillOfMaterials, cancellationToken);
        return (
            parts.ToDictionary(part => part.TraceId),
            bills.SelectMany(bill => bill.Versions.SelectMany(version => version.Lines)
                .Select(line => (bill.ParentTraceId, line.ChildTraceId)))
                .ToLookup(line => line.ParentTraceId, line => line.ChildTraceId));
    }

    /// <summary>What still rests on a part.</summary>
    private static async Task<List<string>> UsesAsync(
        HostedOperator op, Guid traceId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var above = await Links.AboveAsync(op.Source, [traceId], cancellationToken);
        var bills = await op.ManyAsync<BillOfMaterials>(above, Keys.BillOfMaterials, cancellationToken);
        var trades = await op.QueryAsync<Trade>(
            Links.OfTradesAbout("trade/"), cancellationToken, new[] { traceId });
        return
        [
            .. bills.Where(bill => bill.At(now)?.Lines.Any(line => line.ChildTraceId == traceId) ?? false)
                .Select(bill => $"part {bill.ParentTraceId}"),
            .. trades.Where(trade => trade.Status is TradeStatus.Requested or TradeStatus.Accepted)
                .Select(trade => $"trade {trade.TradeId}"),
        ];
    }

    private static Wire.Part ToWire(Part part) => new()
    {
        TraceId = part.TraceId.ToString(),
        Name = part.Name,
        Kind = (Wire.PartKind)part.Kind,
        DeclaredUnit = part.DeclaredUnit,
        RegisterTime = part.RegisteredAt.ToTimestamp(),
        PartNumber = part.PartNumber,
        Retired = part.Retired,
    };

    private static Wire.BillOfMaterials ToWire(Guid parent, BillVersion version, DateTimeOffset declaredAt) => new()
    {
        ParentTraceId = parent.ToString(),
        Version = version.Version,
        DeclareTime = declaredAt.ToTimestamp(),
        ValidFromTime = version.ValidFrom.ToTimestamp(),
        Lines =
        {
            version.Lines.Select(line => new Wire.BillOfMaterialsLine
            {
                ChildTraceId = line.ChildTraceId.ToString(),
                Quantity = WireFigures.ToWire(line.Quantity),
                Suppliers =
                {
                    (line.Suppliers ?? []).Select(one => new Wire.SupplierShare
                    {
                        TradeId = one.TradeId.ToString(),
                        Share = Amount.Format(one.Share),
                    }),
                },
            }),
        },
    };
}
