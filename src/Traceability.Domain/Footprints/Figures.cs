namespace Traceability.Domain.Footprints;

/// <summary>A stage of a product's life (Regulation (EU) 2023/1542, Annex II).</summary>
public enum LifeCycleStage
{
    RawMaterial = 1,
    MainProduction = 2,
    Distribution = 3,
    EndOfLife = 4,
}

/// <summary>Emissions of one stage, in kilogram CO2e per declared unit.</summary>
public record StageFigure(LifeCycleStage Stage, decimal Amount);

/// <summary>
/// Emissions in kilogram CO2e per declared unit: a total and, where it is known, its split over stages. A stage that
/// nobody declared is absent, which is not zero.
/// </summary>
public sealed record Figures(decimal Total, IReadOnlyList<StageFigure>? Stages)
{
    public static Figures Of(IEnumerable<StageFigure> stages)
    {
        StageFigure[] ordered = [.. stages.OrderBy(figure => figure.Stage)];
        return new(ordered.Sum(figure => figure.Amount), ordered);
    }

    public Figures Times(decimal quantity) =>
        new(Total * quantity, Stages?.Select(f => f with { Amount = f.Amount * quantity }).ToArray());

    /// <summary>The split survives only if both sides have one: a part of a split would pass for the whole.</summary>
    public Figures Plus(Figures other) => Stages is null || other.Stages is null
        ? new(Total + other.Total, null)
        : new(Total + other.Total, [.. Stages.Concat(other.Stages).GroupBy(f => f.Stage).OrderBy(g => g.Key)
            .Select(g => new StageFigure(g.Key, g.Sum(f => f.Amount)))]);

    /// <summary>Rounded as figures are when they leave a company.</summary>
    public Figures Leaving() =>
        new(Quantities.Amount.Leaving(Total),
            Stages?.Select(f => f with { Amount = Quantities.Amount.Leaving(f.Amount) }).ToArray());

    public bool Equals(Figures? other) =>
        other is not null && Total == other.Total
        && (Stages is null ? other.Stages is null : other.Stages is not null && Stages.SequenceEqual(other.Stages));

    public override int GetHashCode() => Total.GetHashCode();
}
