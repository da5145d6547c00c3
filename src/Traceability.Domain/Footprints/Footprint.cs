using Traceability.Domain.Parts;

namespace Traceability.Domain.Footprints;

/// <summary>What figures are about; half open.</summary>
public record ReferencePeriod(DateTimeOffset Start, DateTimeOffset End);

/// <summary>The operator said what it emits itself for one declared unit of a part.</summary>
public record ContributionDeclared(
    Guid TraceId, IReadOnlyList<StageFigure> Stages, ReferencePeriod Period, DateTimeOffset DeclaredAt);

/// <summary>The operator said it anew.</summary>
public record ContributionRevised(
    Guid TraceId, IReadOnlyList<StageFigure> Stages, ReferencePeriod Period, DateTimeOffset RevisedAt);

/// <summary>Own part and inputs were added up. Figures are exact; null while nothing is known.</summary>
public record FootprintRolledUp(
    Guid TraceId, long Version, Figures? Figures, bool Complete, ReferencePeriod? Period,
    IReadOnlyList<RollUpInput> Inputs, DateTimeOffset RolledUpAt);

/// <summary>Which version of which child went into a total.</summary>
public record RollUpInput(Guid ChildTraceId, LineState State, long? Version);

/// <summary>Whether a line has a figure. Never zero for "not there".</summary>
public enum LineState
{
    Answered = 1,
    Withheld = 2,
    Unanswered = 3,
}

/// <summary>Emissions of a made part: the operator's own contribution, and the latest roll-up.</summary>
public record Footprint(
    Guid TraceId, Figures? Contribution, ReferencePeriod? Period, Figures? Figures, bool Complete, long Version,
    DateTimeOffset? RolledUpAt)
{
    /// <summary>The key of the stream, set by the store.</summary>
    public string Id { get; init; } = "";

    public static Footprint? Evolve(Footprint? footprint, object e) => e switch
    {
        ContributionDeclared d => Of(footprint, d.TraceId) with
        {
            Contribution = Footprints.Figures.Of(d.Stages),
            Period = d.Period,
        },
        ContributionRevised r => Of(footprint, r.TraceId) with
        {
            Contribution = Footprints.Figures.Of(r.Stages),
            Period = r.Period,
        },
        FootprintRolledUp r => Of(footprint, r.TraceId) with
        {
            Figures = r.Figures,
            Complete = r.Complete,
            Version = r.Version,
            RolledUpAt = r.RolledUpAt,
        },
        _ => footprint,
    };

    /// <summary>A part of which nothing was said yet.</summary>
    public static Footprint Unknown(Guid traceId) => new(traceId, null, null, null, false, 0, null);

    /// <summary>The events that make the declaration true; none if it already is.</summary>
    public static object[] Declare(
        Footprint? existing, Part part, IReadOnlyList<StageFigure> stages, ReferencePeriod period, DateTimeOffset now)
    {
        part.MustBe(PartKind.Made);
        StageFigure[] ordered = [.. stages.OrderBy(figure => figure.Stage)];
        if (existing?.Contribution is null)
        {
            return [new ContributionDeclared(part.TraceId, ordered, period, now)];
        }

        return existing.Contribution.Stages!.SequenceEqual(ordered) && existing.Period == period
            ? []
            : [new ContributionRevised(part.TraceId, ordered, period, now)];
    }

    /// <summary>A new version if what others would see has changed; none otherwise, so that propagation ends.</summary>
    public object[] RollUp(RollUpResult result, DateTimeOffset now)
    {
        var same = Version > 0 && Complete == result.Complete && Figures?.Leaving() == result.Figures?.Leaving();
        return same
            ? []
            : [new FootprintRolledUp(
                TraceId, Version + 1, result.Figures, result.Complete, Period,
                [.. result.Lines.Select(line => new RollUpInput(line.ChildTraceId, line.State, line.Version))], now)];
    }

    private static Footprint Of(Footprint? footprint, Guid traceId) => footprint ?? Unknown(traceId);
}
