namespace Traceability.Domain.Footprints.RollUp;

/// <summary>Figures as one row of numbers that add up, and marks for what of them is known.</summary>
internal static class FigureColumns
{
    public const int Count = FirstComponent + Components;

    /// <summary>Something that goes in is missing, here or further up the chain.</summary>
    public const ulong Incomplete = 1;

    /// <summary>There is a figure at all.</summary>
    private const ulong Known = 2;

    /// <summary>A part of the total is not split over stages.</summary>
    private const ulong Unsplit = 4;

    private const int Stages = 4;
    private const int Components = 7;
    private const int RatingColumns = 4;

    private const int Total = 0;
    private const int FirstStage = 1;
    private const int Covered = FirstStage + Stages;
    private const int Primary = Covered + 1;
    private const int FirstRating = Primary + 1;
    private const int FirstComponent = FirstRating + ((Stages + 1) * RatingColumns);

    /// <summary>From here on one bit per stage that somebody declared.</summary>
    private const int StageBits = 8;

    /// <summary>
    /// From here on one bit per component. A split (fossil, ...) is marked where it is missing: a part of it would pass
    /// for the whole. What stands beside the footprint is marked where it is there.
    /// </summary>
    private const int ComponentBits = 16;

    /// <summary>Writes figures into a row. No figures leave it empty and make it incomplete.</summary>
    public static ulong Write(Figures? figures, bool complete, Span<decimal> row)
    {
        row.Clear();
        if (figures is null)
        {
            return Incomplete;
        }

        var marks = Known | (complete ? 0 : Incomplete) | (figures.Stages is null ? Unsplit : 0);
        row[Total] = figures.Total;
        WriteRating(figures.Rating, row[FirstRating..]);
        (row[Covered], row[Primary]) = (figures.Primary?.Covered ?? 0, figures.Primary?.Primary ?? 0);
        foreach (var stage in figures.Stages ?? [])
        {
            var index = (int)stage.Stage - 1;
            row[FirstStage + index] = stage.Amount;
            WriteRating(stage.Rating, row[(FirstRating + ((index + 1) * RatingColumns))..]);
            marks |= 1ul << (StageBits + index);
        }

        for (var index = 0; index < Components; index++)
        {
            var component = (FigureComponent)(index + 1);
            var figure = figures.Components?.FirstOrDefault(one => one.Component == component);
            row[FirstComponent + index] = figure?.Amount ?? 0;
            marks |= (figure is null) == IsSplit(component) ? 1ul << (ComponentBits + index) : 0;
        }

        return marks;
    }

    public static Figures? Read(ReadOnlySpan<decimal> row, ulong marks)
    {
        if ((marks & Known) == 0)
        {
            return null;
        }

        List<StageFigure>? stages = (marks & Unsplit) == 0 ? [] : null;
        for (var index = 0; index < Stages && stages is not null; index++)
        {
            if ((marks & (1ul << (StageBits + index))) != 0)
            {
                var rating = ReadRating(row[(FirstRating + ((index + 1) * RatingColumns))..]);
                stages.Add(new((LifeCycleStage)(index + 1), row[FirstStage + index], rating));
            }
        }

        List<ComponentFigure> components = [];
        for (var index = 0; index < Components; index++)
        {
            var component = (FigureComponent)(index + 1);
            if ((marks & (1ul << (ComponentBits + index))) != 0 != IsSplit(component))
            {
                components.Add(new(component, row[FirstComponent + index]));
            }
        }

        return new(
            row[Total],
            stages,
            ReadRating(row[FirstRating..]),
            row[Covered] == 0 ? null : new(row[Covered], row[Primary]),
            components.Count == 0 ? null : components);
    }

    private static bool IsSplit(FigureComponent component) => component <= FigureComponent.Indirect;

    private static void WriteRating(Rating? rating, Span<decimal> row)
    {
        if (rating is not null)
        {
            (row[0], row[1], row[2], row[3]) = (rating.Rated, rating.Technology, rating.Geography, rating.Time);
        }
    }

    /// <summary>Nothing rated is no rating.</summary>
    private static Rating? ReadRating(ReadOnlySpan<decimal> row) =>
        row[0] == 0 ? null : new(row[0], row[1], row[2], row[3]);
}
