using Traceability.Domain.Quantities;

namespace Traceability.Domain.Parts;

/// <summary>The operator makes or buys something that can be traced.</summary>
public record PartRegistered(
    Guid TraceId, string Name, PartKind Kind, string DeclaredUnit, DateTimeOffset RegisteredAt);

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

    public Unit Unit => Unit.Find(DeclaredUnit)!;

    public static Part? Evolve(Part? part, object e) => e switch
    {
        PartRegistered r => new(r.TraceId, r.Name, r.Kind, r.DeclaredUnit, r.RegisteredAt),
        _ => part,
    };

    /// <summary>The events that make the registration true; none if it already is.</summary>
    public static object[] Register(
        Part? existing, Guid traceId, string name, PartKind kind, Unit unit, DateTimeOffset now)
    {
        if (existing is null)
        {
            return [new PartRegistered(traceId, name, kind, unit.Name, now)];
        }

        return (existing.Name, existing.Kind, existing.DeclaredUnit) == (name, kind, unit.Name)
            ? []
            : throw new RefusedException(
                RefusalReason.AlreadyExists,
                $"Trace id {traceId} is taken by another part; choose a new one.",
                ("trace_id", traceId.ToString()));
    }

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
