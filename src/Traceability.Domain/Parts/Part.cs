using System.Text.Json.Serialization;
using Traceability.Domain.Quantities;
using Traceability.Domain.Writings;

namespace Traceability.Domain.Parts;

/// <summary>The operator makes or buys something that can be traced.</summary>
public record PartRegistered(
    TraceId TraceId, string Name, PartKind Kind, string DeclaredUnit, DateTimeOffset RegisteredAt,
    string? PartNumber = null);

/// <summary>The operator makes or buys it no longer. What was said of it stays readable.</summary>
public record PartRetired(TraceId TraceId, DateTimeOffset RetiredAt);

public enum PartKind
{
    Made = 1,
    Bought = 2,
}

/// <summary>Something an operator makes or buys.</summary>
public record Part(
    TraceId TraceId, string Name, PartKind Kind, string DeclaredUnit, DateTimeOffset RegisteredAt) : IState<Part>
{
    public const int MaxName = 200;
    public const int MaxNumber = 100;

    public string Id { get; init; } = "";

    [JsonIgnore]
    public long StreamVersion { get; init; }

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
    /// <param name="existing">The part as it stands.</param>
    /// <param name="wanted">What it is to be.</param>
    /// <param name="holder">The part that has this part number already, if one has.</param>
    public static object[] Register(Part? existing, PartRegistered wanted, Part? holder = null)
    {
        if (existing is null && holder is not null && holder.TraceId != wanted.TraceId)
        {
            throw new RefusedException(
                RefusalReason.AlreadyExists,
                $"Part number {wanted.PartNumber} is that of part {holder.TraceId}"
                    + (holder.PartNumber == wanted.PartNumber ? "" : $", written {holder.PartNumber}")
                    + "; part numbers are given once, in whatever form of writing.",
                ("trace_id", holder.TraceId.ToString()));
        }

        if (existing is null)
        {
            return [wanted];
        }

        // Its identity is what it is: another name or unit is another part.
        return (existing.Kind, existing.DeclaredUnit) == (wanted.Kind, wanted.DeclaredUnit)
            && Writing.Same(existing.Name, wanted.Name) && Writing.Same(existing.PartNumber, wanted.PartNumber)
            ? []
            : throw new RefusedException(
                RefusalReason.AlreadyExists,
                $"Trace id {wanted.TraceId} is that of {existing.Described}; a part cannot change its number, name, "
                    + "kind or unit. Register another with a new trace id.",
                ("trace_id", wanted.TraceId.ToString()));
    }

    private string Described =>
        $"\"{Name}\"{(PartNumber.Length > 0 ? $" ({PartNumber})" : "")}, {Kind.ToString().ToLowerInvariant()}, per "
            + DeclaredUnit;

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

    /// <summary>What was said of a retired part stays; nothing new rests on it.</summary>
    public void MustBeInUse()
    {
        if (Retired)
        {
            throw new RefusedException(
                RefusalReason.PartRetired,
                $"Part {TraceId} is retired: nothing new can be said of it, asked for it or made of it. Register "
                    + "another part, and name that one.",
                ("trace_id", TraceId.ToString()));
        }
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
