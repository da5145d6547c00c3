using Traceability.Domain.Parts;
using Traceability.Node.Parts;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Imports;

/// <summary>Rows that register parts.</summary>
internal static class PartRows
{
    public static async Task ImportAsync(
        Import import, IReadOnlyList<(Wire.ImportRow Row, Wire.ImportedPart Part)> rows,
        CancellationToken cancellationToken)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var (row, part) in rows)
        {
            var good = await import.DoAsync<Part>(
                row,
                input =>
                {
                    var kind = input.OneOf("kind", part.Kind, ["made", "bought"]) == "made"
                        ? PartKind.Made
                        : PartKind.Bought;
                    if (part.PartNumber.Length == 0 && part.TraceId.Length == 0)
                    {
                        input.Violate("part_number", "", "must be given, unless the part has a trace id.");
                    }

                    var id = part.TraceId.Length > 0
                        ? input.Id<TraceId>("trace_id", part.TraceId)
                        : new(NamedId.Of(import.Session.Operator.Value, $"part {part.PartNumber}"));
                    return RegisterPart.Read(
                        input, new("part_number", "name", "unit"), id, part.Name, kind, part.Unit, part.PartNumber);
                },
                cancellationToken);
            if (!good)
            {
                import.Doubt(part.PartNumber, part.TraceId);
            }

            import.IsFirst(seen, row, part.PartNumber);
        }
    }
}
