using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Parts;

/// <summary>Parts and bills of materials as they travel.</summary>
internal static class PartMapping
{
    /// <summary>Two sources are common, ten rare.</summary>
    private const int MaxSuppliers = 20;

    public static Wire.Part ToWire(Part part) => new()
    {
        TraceId = part.TraceId.ToString(),
        Name = part.Name,
        Kind = (Wire.PartKind)part.Kind,
        DeclaredUnit = part.DeclaredUnit,
        RegisterTime = part.RegisteredAt.ToTimestamp(),
        PartNumber = part.PartNumber,
        Retired = part.Retired,
    };

    public static Wire.BillOfMaterials ToWire(BillOfMaterials bill, BillVersion? version) => new()
    {
        ParentTraceId = bill.ParentTraceId.ToString(),
        Version = version?.Version ?? 0,
        DeclareTime = bill.DeclaredAt.ToTimestamp(),
        ValidFromTime = version?.ValidFrom.ToTimestamp(),
        Lines = { (version?.Lines ?? []).Select(ToWire) },
        Etag = $"{bill.Versions.Count}",
    };

    public static List<BillOfMaterialsLine> Read(
        Input input, string field, RepeatedField<Wire.BillOfMaterialsLine> wire)
    {
        if (wire.Count > BillOfMaterials.MaxLines)
        {
            input.Violate(field, wire.Count, $"must be at most {BillOfMaterials.MaxLines}; make sub-assemblies.");
            return [];
        }

        List<BillOfMaterialsLine> lines = [];
        HashSet<TraceId> seen = [];
        foreach (var (index, line) in wire.Index())
        {
            var child = input.Id<TraceId>($"{field}[{index}].child_trace_id", line.ChildTraceId);
            var quantity = input.Positive($"{field}[{index}].quantity", line.Quantity);
            if (!seen.Add(child))
            {
                input.Violate($"{field}[{index}].child_trace_id", child, "must be named once; add the quantities.");
            }

            var suppliers = ReadSuppliers(input, $"{field}[{index}].suppliers", line.Suppliers);
            lines.Add(new(child, quantity.Amount, quantity.Unit.Name, suppliers));
        }

        return lines;
    }

    private static List<SupplierShare>? ReadSuppliers(
        Input input, string field, RepeatedField<Wire.SupplierShare> wire)
    {
        if (wire.Count == 0)
        {
            return null;
        }

        if (wire.Count > MaxSuppliers)
        {
            input.Violate(field, wire.Count, $"must be at most {MaxSuppliers}.");
            return null;
        }

        var shares = wire.Index().Select(one => new SupplierShare(
            input.Id<TradeId>($"{field}[{one.Index}].trade_id", one.Item.TradeId),
            input.Within($"{field}[{one.Index}].share", one.Item.Share, 0, 1))).ToList();
        if (SupplierShare.Problem(shares) is { } problem)
        {
            input.Violate(field, Amount.Format(shares.Sum(one => one.Share)), problem);
        }

        return shares;
    }

    private static Wire.BillOfMaterialsLine ToWire(BillOfMaterialsLine line) => new()
    {
        ChildTraceId = line.ChildTraceId.ToString(),
        Quantity = new() { Amount = Amount.Format(line.Amount), Unit = line.Unit },
        Suppliers =
        {
            (line.Suppliers ?? []).Select(one => new Wire.SupplierShare
            {
                TradeId = one.TradeId.ToString(),
                Share = Amount.Format(one.Share),
            }),
        },
    };
}
