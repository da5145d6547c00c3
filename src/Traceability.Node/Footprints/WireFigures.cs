using Google.Protobuf.WellKnownTypes;
using Traceability.Domain.Footprints;
using Traceability.Domain.Quantities;
using Wire = Traceability.Contracts.Common.V1;

namespace Traceability.Node.Footprints;

/// <summary>Figures as they travel.</summary>
internal static class WireFigures
{
    public static Wire.Quantity ToWire(Quantity quantity) =>
        new() { Amount = Amount.Format(quantity.Amount), Unit = quantity.Unit.Name };

    public static Wire.Figures ToWire(Figures figures) => new()
    {
        Total = Amount.Format(figures.Total),
        Stages =
        {
            (figures.Stages ?? []).Select(figure => new Wire.StageFigure
            {
                Stage = (Wire.LifeCycleStage)figure.Stage,
                Amount = Amount.Format(figure.Amount),
            }),
        },
    };

    public static Wire.Period? ToWire(ReferencePeriod? period) => period is null
        ? null
        : new() { StartTime = period.Start.ToTimestamp(), EndTime = period.End.ToTimestamp() };
}
