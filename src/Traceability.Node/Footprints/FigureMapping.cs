using Google.Protobuf.WellKnownTypes;
using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Common.V1;

namespace Traceability.Node.Footprints;

/// <summary>Figures as they travel.</summary>
internal static class FigureMapping
{
    private const decimal BestScore = 1;
    private const decimal WorstScore = 5;

    private const string Negative =
        "must not be negative. What a material has taken up from the air is the product fact pcf.biogenic_carbon_kg "
        + "(trace part facts); reductions and credits are figures beside the footprint.";

    public static Wire.Quantity ToWire(Quantity quantity) =>
        new() { Amount = Amount.Format(quantity.Amount), Unit = quantity.Unit.Name };

    /// <summary>
    /// As they were declared: of a total that is zero, too, the share of primary data is known, and the scores of a
    /// stage that is zero.
    /// </summary>
    public static Wire.Figures ToWire(Figures figures, decimal? primaryShare)
    {
        var wire = ToWire(figures);
        foreach (var (index, stage) in (figures.Stages ?? []).Index())
        {
            wire.Stages[index].Rating ??= ToWire(stage.Scores);
        }

        if (primaryShare is { } share)
        {
            (wire.PrimaryShare, wire.PrimaryCoveredShare) = (Amount.Format(share), "1");
        }

        return wire;
    }

    /// <summary>Amounts are exact to the last digit: the figures are the operator's own, and stay here.</summary>
    public static Wire.Figures ToWire(Figures figures)
    {
        var stated = StatedFigures.Of(figures);
        var wire = new Wire.Figures
        {
            Total = Amount.Format(figures.Total),
            Rating = ToWire(stated.Rating),
            Stages =
            {
                (figures.Stages ?? []).Select((figure, index) => new Wire.StageFigure
                {
                    Stage = (Wire.LifeCycleStage)figure.Stage,
                    Amount = Amount.Format(figure.Amount),
                    Rating = ToWire(stated.Stages![index].Rating),
                }),
            },
            Components =
            {
                (figures.Components ?? []).Select(figure => new Wire.ComponentFigure
                {
                    Component = FigureComponents.Name(figure.Component),
                    Amount = Amount.Format(figure.Amount),
                }),
            },
        };
        if (stated.Primary is { } primary)
        {
            (wire.PrimaryShare, wire.PrimaryCoveredShare) =
                (Amount.Format(primary.Share), Amount.Format(primary.CoveredShare));
        }

        return wire;
    }

    /// <summary>Its days are those of the zone it is said in.</summary>
    public static Wire.Period? ToWire(ReferencePeriod? period) => period is null
        ? null
        : new()
        {
            StartTime = period.Start.ToTimestamp(),
            EndTime = period.End.ToTimestamp(),
            FirstDay = period.Days() is var (first, _) ? $"{first:O}" : "",
            LastDay = period.Days() is var (_, last) ? $"{last:O}" : "",
        };

    /// <summary>Reads what somebody declares: stages with scores, primary share, components.</summary>
    public static DeclaredFigures Read(Input input, string field, Wire.Figures? wire)
    {
        var stages = ReadStages(input, $"{field}.stages", wire?.Stages ?? []);
        if (stages.Count == 0)
        {
            input.Violate($"{field}.stages", "", "must hold at least one stage.");
        }

        var primary = wire is { HasPrimaryShare: true }
            ? input.Within($"{field}.primary_share", wire.PrimaryShare, 0, 1)
            : (decimal?)null;
        List<ComponentFigure> components = [];
        foreach (var (index, figure) in (wire?.Components ?? []).Index())
        {
            var at = $"{field}.components[{index}]";
            var name = input.OneOf($"{at}.component", figure.Component, ComponentNames);
            var component = System.Enum.GetValues<FigureComponent>()
                .FirstOrDefault(one => FigureComponents.Name(one) == name);
            if (components.Any(other => other.Component == component))
            {
                input.Violate($"{at}.component", name, "must be named once.");
            }

            components.Add(new(component, input.NotNegative($"{at}.amount", figure.Amount, Negative)));
        }

        if (AreAmounts(wire)
            && FigureComponents.Problem(stages.Sum(stage => stage.Amount), components) is var (sum, rule))
        {
            input.Violate($"{field}.components", Amount.Format(sum), rule);
        }

        return new(
            [.. stages.OrderBy(stage => stage.Stage)], primary,
            components.Count == 0 ? null : [.. components.OrderBy(figure => figure.Component)]);
    }

    private static bool AreAmounts(Wire.Figures? wire) => wire is not null
        && wire.Stages.Select(figure => figure.Amount).Concat(wire.Components.Select(figure => figure.Amount))
            .All(amount => Amount.TryParse(amount, out var number) && number >= 0);

    public static List<StageFigure> ReadStages(Input input, string field, IEnumerable<Wire.StageFigure> wire)
    {
        List<StageFigure> stages = [];
        foreach (var (index, figure) in wire.Index())
        {
            var at = $"{field}[{index}]";
            var stage = input.Enum<Wire.LifeCycleStage, LifeCycleStage>($"{at}.stage", figure.Stage);
            if (stages.Any(other => other.Stage == stage))
            {
                input.Violate($"{at}.stage", figure.Stage, "must be named once.");
            }

            var amount = input.NotNegative($"{at}.amount", figure.Amount, Negative);
            var scores = ReadScores(input, $"{at}.rating", figure.Rating);
            stages.Add(scores is null
                ? new(stage, amount)
                : new(
                    stage, amount, Rating.Of(amount, scores.Technology, scores.Geography, scores.Time),
                    amount == 0 ? scores : null));
        }

        return stages;
    }

    private static IReadOnlyList<string> ComponentNames { get; } =
        [.. System.Enum.GetValues<FigureComponent>().Select(FigureComponents.Name)];

    private static Scores? ReadScores(Input input, string field, Wire.Rating? wire) => wire is null
        ? null
        : new(
            input.Within($"{field}.technology", wire.Technology, BestScore, WorstScore),
            input.Within($"{field}.geography", wire.Geography, BestScore, WorstScore),
            input.Within($"{field}.time", wire.Time, BestScore, WorstScore));

    private static Wire.Rating? ToWire(Scores? scores) =>
        scores is null ? null : ToWire(new StatedRating(scores.Technology, scores.Geography, scores.Time, 1));

    private static Wire.Rating? ToWire(StatedRating? rating) => rating is null
        ? null
        : new()
        {
            Technology = Amount.Format(rating.Technology),
            Geography = Amount.Format(rating.Geography),
            Time = Amount.Format(rating.Time),
            RatedShare = Amount.Format(rating.RatedShare),
        };
}
