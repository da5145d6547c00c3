using Traceability.Domain.Parts;
using Traceability.Domain.Writings;
using Traceability.Hosting;
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
        var ids = new SeenRecords<Guid>(import);
        var numbers = new SeenRecords<string>(import);
        foreach (var (row, part) in rows)
        {
            var name = part.PartNumber.Length > 0 ? part.PartNumber : part.TraceId;
            var id = IdOf(import, part);
            var isFirst = (id is null || ids.IsFirst(row, id.Value, name))
                && (part.PartNumber.Length == 0 || numbers.IsFirst(row, Writing.Plain(part.PartNumber).Trim(), name));
            if (!isFirst)
            {
                import.Doubt(import.Numbered(part.PartNumber) is null ? [Writing.Kept(part.PartNumber)] : []);
                continue;
            }

            var good = await import.DoAsync(row, async input =>
            {
                var act = Read(input, part, id);
                input.ThrowIfInvalid();
                import.Know(await import.DoAsync<Part>(
                    row, StreamNames.Part(act.TraceId), act, RecordExport.Of, cancellationToken));
            });
            if (!good)
            {
                import.Doubt(Writing.Kept(part.PartNumber), part.TraceId);
            }
        }
    }

    private static RegisterPart Read(Input input, Wire.ImportedPart part, Guid? named)
    {
        var kind = input.OneOf("kind", part.Kind, ["made", "bought"]) == "made" ? PartKind.Made : PartKind.Bought;
        if (part.PartNumber.Length == 0 && part.TraceId.Length == 0)
        {
            input.Violate("part_number", "", "must be given, unless the part has a trace id.");
        }

        var id = part.TraceId.Length > 0 ? input.Id<TraceId>("trace_id", part.TraceId) : new(named ?? Guid.Empty);
        return RegisterPart.Read(
            input, new("part_number", "name", "unit"), id, part.Name, kind, part.Unit, part.PartNumber);
    }

    /// <summary>
    /// The one that is given, that of the part with the number, or the one that follows from the number.
    /// </summary>
    private static Guid? IdOf(Import import, Wire.ImportedPart part) =>
        part.TraceId.Length > 0 ? Guid.TryParseExact(part.TraceId, "D", out var given) ? given : null
        : part.PartNumber.Length == 0 ? null
        : import.Numbered(part.PartNumber)?.TraceId.Value
            ?? NamedId.Of(import.Session.Operator.Value, $"part {Writing.Kept(part.PartNumber)}");
}
