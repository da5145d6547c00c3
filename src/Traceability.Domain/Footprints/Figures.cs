using Traceability.Domain.Quantities;

namespace Traceability.Domain.Footprints;

/// <summary>A stage of a product's life (Regulation (EU) 2023/1542, Annex II).</summary>
public enum LifeCycleStage
{
    RawMaterial = 1,
    MainProduction = 2,
    Distribution = 3,
    EndOfLife = 4,
}

/// <summary>
/// Further figures that add up like the footprint. Fossil, biogenic and land use split it one way (PACT 3.0.3), direct
/// and indirect another (CBAM). Reductions and credits stand beside it and are never netted into it.
/// </summary>
public enum FigureComponent
{
    Fossil = 1,
    Biogenic = 2,
    LandUse = 3,
    Direct = 4,
    Indirect = 5,
    Reduction = 6,
    Credit = 7,
}

/// <summary>
/// Emissions of one stage, in kilogram CO2e per declared unit, and how good the data is. Scores are those declared of a
/// stage of zero: they weigh nothing in any sum, and would be lost in it.
/// </summary>
public record StageFigure(LifeCycleStage Stage, decimal Amount, Rating? Rating = null, Scores? Scores = null)
{
    public StageFigure Times(decimal quantity) => new(Stage, Amount * quantity, Rating?.Times(quantity));
}

/// <summary>Data quality as it is declared, from 1 (best) to 5: TeR, GeR, TiR.</summary>
public record Scores(decimal Technology, decimal Geography, decimal Time);

/// <summary>One further figure, in kilogram CO2e per declared unit.</summary>
public record ComponentFigure(FigureComponent Component, decimal Amount);

/// <summary>
/// Data quality as emission-weighted sums, so that it adds up exactly; a score is a sum divided by the rated emissions.
/// Scores go from 1 (best) to 5 (Regulation (EU) 2023/1542, data quality of battery footprints).
/// </summary>
/// <param name="Rated">The emissions that are rated, in kilogram CO2e.</param>
/// <param name="Technology">Sum of emission x technological representativeness (TeR).</param>
/// <param name="Geography">Sum of emission x geographical representativeness (GeR).</param>
/// <param name="Time">Sum of emission x time-related representativeness (TiR).</param>
public record Rating(decimal Rated, decimal Technology, decimal Geography, decimal Time)
{
    /// <summary>Emissions that are all rated alike.</summary>
    public static Rating Of(decimal amount, decimal technology, decimal geography, decimal time) =>
        new(amount, amount * technology, amount * geography, amount * time);

    public Rating Times(decimal quantity) =>
        new(Rated * quantity, Technology * quantity, Geography * quantity, Time * quantity);

    public Rating Plus(Rating other) => new(
        Rated + other.Rated, Technology + other.Technology, Geography + other.Geography, Time + other.Time);
}

/// <summary>How much of the emissions comes from primary data, as sums that add up exactly.</summary>
/// <param name="Covered">The emissions of which it is known, in kilogram CO2e.</param>
/// <param name="Primary">Those of them that come from primary data.</param>
public record PrimaryData(decimal Covered, decimal Primary)
{
    public PrimaryData Times(decimal quantity) => new(Covered * quantity, Primary * quantity);
}

/// <summary>
/// Emissions in kilogram CO2e per declared unit: a total and what else is known of it. What nobody declared is absent,
/// which is not zero.
/// </summary>
public sealed record Figures(
    decimal Total, IReadOnlyList<StageFigure>? Stages, Rating? Rating = null, PrimaryData? Primary = null,
    IReadOnlyList<ComponentFigure>? Components = null)
{
    /// <summary>What an operator declares: stages with their ratings, and whatever else it knows.</summary>
    public static Figures Of(
        IEnumerable<StageFigure> stages, decimal? primaryShare = null,
        IReadOnlyList<ComponentFigure>? components = null)
    {
        StageFigure[] ordered = [.. stages.OrderBy(figure => figure.Stage)];
        var total = ordered.Sum(figure => figure.Amount);
        Rating[] ratings = [.. ordered.Select(figure => figure.Rating).OfType<Rating>()];
        return new(
            total,
            ordered,
            ratings.Length == 0 ? null : ratings.Aggregate((sum, next) => sum.Plus(next)),
            primaryShare is { } share ? new(total, total * share) : null,
            components is null or [] ? null : [.. components.OrderBy(figure => figure.Component)]);
    }

    public Figures Times(decimal quantity) => new(
        Total * quantity,
        Stages?.Select(figure => figure.Times(quantity)).ToArray(),
        Rating?.Times(quantity),
        Primary?.Times(quantity),
        Components?.Select(figure => figure with { Amount = figure.Amount * quantity }).ToArray());

    public bool Equals(Figures? other) =>
        other is not null
        && (Total, Rating, Primary) == (other.Total, other.Rating, other.Primary)
        && Same(Stages, other.Stages)
        && Same(Components, other.Components);

    public override int GetHashCode() => Total.GetHashCode();

    private static bool Same<T>(IReadOnlyList<T>? one, IReadOnlyList<T>? other) =>
        one is null ? other is null : other is not null && one.SequenceEqual(other);
}

/// <summary>Figures as somebody declares them, in kilogram CO2e per declared unit.</summary>
/// <param name="Stages">Each stage once, with its scores.</param>
/// <param name="PrimaryShare">How much of it comes from primary data, 0 to 1; also where the total is zero.</param>
/// <param name="Components">Further figures; null for none.</param>
public sealed record DeclaredFigures(
    IReadOnlyList<StageFigure> Stages, decimal? PrimaryShare, IReadOnlyList<ComponentFigure>? Components)
{
    public Figures ToFigures() => Figures.Of(Stages, PrimaryShare, Components);
}

/// <summary>Scores as they are shown: means over the rated share of the emissions.</summary>
public record StatedRating(decimal Technology, decimal Geography, decimal Time, decimal RatedShare)
{
    public static StatedRating? Of(Rating? rating, decimal amount) =>
        rating is null || rating.Rated == 0 || amount == 0
            ? null
            : new(
                Amount.Leaving(rating.Technology / rating.Rated),
                Amount.Leaving(rating.Geography / rating.Rated),
                Amount.Leaving(rating.Time / rating.Rated),
                Amount.Leaving(rating.Rated / amount));

    public Rating Over(decimal amount) => Rating.Of(amount * RatedShare, Technology, Geography, Time);
}

/// <summary>The primary-data share as it is shown: over the emissions of which it is known.</summary>
public record StatedPrimary(decimal Share, decimal CoveredShare)
{
    public static StatedPrimary? Of(PrimaryData? primary, decimal amount) =>
        primary is null || primary.Covered == 0 || amount == 0
            ? null
            : new(Amount.Leaving(primary.Primary / primary.Covered), Amount.Leaving(primary.Covered / amount));

    public PrimaryData Over(decimal amount) => new(amount * CoveredShare, amount * CoveredShare * Share);
}

/// <summary>One stage as it is shown.</summary>
public record StatedStage(LifeCycleStage Stage, decimal Amount, StatedRating? Rating);

/// <summary>
/// Figures as they leave a company: 12 decimals, half to even, and means instead of sums. Two that are equal are the
/// same figure to everybody else, so nothing is passed on between them.
/// </summary>
public sealed record StatedFigures(
    decimal Total, IReadOnlyList<StatedStage>? Stages, StatedRating? Rating, StatedPrimary? Primary,
    IReadOnlyList<ComponentFigure>? Components)
{
    public static StatedFigures Of(Figures figures) => new(
        Amount.Leaving(figures.Total),
        figures.Stages?.Select(stage => new StatedStage(
            stage.Stage, Amount.Leaving(stage.Amount), StatedRating.Of(stage.Rating, stage.Amount))).ToArray(),
        StatedRating.Of(figures.Rating, figures.Total),
        StatedPrimary.Of(figures.Primary, figures.Total),
        figures.Components?.Select(figure => figure with { Amount = Amount.Leaving(figure.Amount) }).ToArray());

    /// <summary>For the roll-up of the company that received them.</summary>
    public Figures ToFigures() => new(
        Total,
        Stages?.Select(stage => new StageFigure(stage.Stage, stage.Amount, stage.Rating?.Over(stage.Amount))).ToArray(),
        Rating?.Over(Total),
        Primary?.Over(Total),
        Components);

    public bool Equals(StatedFigures? other) =>
        other is not null
        && (Total, Rating, Primary) == (other.Total, other.Rating, other.Primary)
        && (Stages ?? []).SequenceEqual(other.Stages ?? [])
        && Stages is null == other.Stages is null
        && (Components ?? []).SequenceEqual(other.Components ?? []);

    public override int GetHashCode() => Total.GetHashCode();
}

/// <summary>Components by the names they have in statements and on the wire.</summary>
public static class FigureComponents
{
    /// <summary>Each splits the whole footprint: what all of one hold adds up to it.</summary>
    public static IReadOnlyList<IReadOnlyList<FigureComponent>> Splits { get; } =
    [
        [FigureComponent.Fossil, FigureComponent.Biogenic, FigureComponent.LandUse],
        [FigureComponent.Direct, FigureComponent.Indirect],
    ];

    /// <summary>
    /// What is wrong with figures beside a total; null if nothing is. A split must not be more than the whole, and no
    /// less once nothing of it is missing.
    /// </summary>
    public static (decimal Sum, string Rule)? Problem(decimal total, IReadOnlyList<ComponentFigure> components)
    {
        foreach (var split in Splits)
        {
            var given = components.Where(one => split.Contains(one.Component)).ToArray();
            var sum = given.Sum(one => one.Amount);
            if (sum > total || (sum < total && given.Length == split.Count))
            {
                return (
                    sum,
                    $"must add up to the stages, {Amount.Format(total)}: {string.Join(", ", split.Select(Name))} split "
                        + "them.");
            }
        }

        return null;
    }

    /// <summary>The name of a component as it travels: "land_use".</summary>
    public static string Name(FigureComponent component) => string.Concat($"{component}".Select((letter, index) =>
        char.IsUpper(letter) && index > 0 ? $"_{letter}" : $"{letter}")).ToLowerInvariant();
}
