using Traceability.Domain.Quantities;

namespace Traceability.Domain.Parts;

/// <summary>The operator makes or buys something that can be traced.</summary>
public record PartRegistered(
    Guid TraceId, string Name, PartKind Kind, string DeclaredUnit, DateTimeOffset RegisteredAt,
    string? PartNumber = null);

/// <summary>The operator makes or buys it no longer. What was said of it stays readable.</summary>
public record PartRetired(Guid TraceId, DateTimeOffset RetiredAt);

public enum PartKind
{
    Made = 1,
    Bought = 2,
}

/// <summary>Something an operator makes or buys.</summary>
public record Part(Guid TraceId, string Name, PartKind Kind, string DeclaredUnit, DateTimeOffset RegisteredAt)
{
    /// <summary>The key of the stream, set by the store.</summary>
    public string Id { get; init; } = "";

    /// <summary>What the operator's own systems call it.</summary>
    public string PartNumber { get; init; } = "";

    public bool Retired { get; init; }

    public Unit Unit => Unit.Find(DeclaredUnit)!;

    public static Part? Evolve(Part? part, object e) => e switch
    {
        PartRegistered r => new(r.TraceId, r.Name, r.Kind, r.DeclaredUnit, r.RegisteredAt)
        {
            PartNumber = r.PartNumber ?? "",
        },
        PartRetired => part! with { Retired = true },
        _ => part,
    };

    /// <summary>The events that make the registration true; none if it already is.</summary>
    public static object[] Register(Part? existing, PartRegistered wanted)
    {
        if (existing is null)
        {
            return [wanted];
        }

        // Its identity is what it is: another name or unit is another part.
        return (existing.Name, existing.Kind, existing.DeclaredUnit, existing.PartNumber)
            == (wanted.Name, wanted.Kind, wanted.DeclaredUnit, wanted.PartNumber ?? "")
            ? []
            : throw new RefusedException(
                RefusalReason.AlreadyExists,
                $"Trace id {wanted.TraceId} is taken by another part; choose a new one.",
                ("trace_id", wanted.TraceId.ToString()));
    }

    /// <summary>The events that retire the part; none if it is retired already.</summary>
    /// <param name="usedBy">What still rests on it: parts that contain it, trades that are open or accepted.</param>
    /// <param name="now">The time.</param>
    public object[] Retire(IReadOnlyList<string> usedBy, DateTimeOffset now) => (Retired, usedBy.Count) switch
    {
        (true, _) => [],
        (_, > 0) => throw new RefusedException(
            RefusalReason.PartInUse,
            $"Part {TraceId} is in use by {string.Join(", ", usedBy)}; end that first.",
            ("trace_id", TraceId.ToString()),
            ("used_by", string.Join(", ", usedBy))),
        _ => [new PartRetired(TraceId, now)],
    };

    /// <summary>Some acts are for made parts only, others for bought ones.</summary>
    public void MustBe(PartKind kind)
    {
        if (Kind != kind)
        {
            throw new RefusedException(
                RefusalReason.WrongKindOfPart,
                $"Part {TraceId} is {Kind.ToString().ToLowerInvariant()}, this needs one that is "
                    + $"{kind.ToString().ToLowerInvariant()}.",
                ("trace_id", TraceId.ToString()),
                ("kind", Kind.ToString()));
        }
    }
}
