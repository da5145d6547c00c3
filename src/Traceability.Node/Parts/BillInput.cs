using Google.Protobuf.Collections;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Parts;

/// <summary>Lines of a bill of materials as a caller writes them.</summary>
internal static class BillInput
{
    /// <summary>Two sources are common, ten rare.</summary>
    private const int MaxSuppliers = 20;

    public static List<BillOfMaterialsLine> Read(
        Input input, string field, RepeatedField<Wire.BillOfMaterialsLine> wire)
    {
        if (wire.Count > BillOfMaterials.MaxLines)
        {
            input.Violate(field, wire.Count, $"must be at most {BillOfMaterials.MaxLines}; make sub-assemblies.");
            return [];
        }

        List<BillOfMaterialsLine> lines = [];
        HashSet<Guid> seen = [];
        foreach (var (index, line) in wire.Index())
        {
            var child = input.Id($"{field}[{index}].child_trace_id", line.ChildTraceId);
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
            input.Id($"{field}[{one.Index}].trade_id", one.Item.TradeId),
            input.Within($"{field}[{one.Index}].share", one.Item.Share, 0, 1))).ToList();
        if (shares.Select(one => one.TradeId).Distinct().Count() < shares.Count)
        {
            input.Violate(field, shares.Count, "must name each trade once.");
        }

        var sum = shares.Sum(one => one.Share);
        if (sum != 1 || shares.Any(one => one.Share == 0))
        {
            input.Violate(field, sum, "must be shares greater than 0 that sum to 1 exactly.");
        }

        return shares;
    }
}
