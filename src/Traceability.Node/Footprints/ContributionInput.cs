using Traceability.Domain.Footprints;
using Traceability.Hosting;
using Wire = Traceability.Contracts.Node.V1;

namespace Traceability.Node.Footprints;

/// <summary>What somebody declares of a part, from a call or a row of an import.</summary>
internal static class ContributionInput
{
    public const int MaxSource = 500;

    public static ContributionDeclared Read(Input input, string field, Wire.Contribution wire, DateTimeOffset now)
    {
        var id = input.Id($"{field}.trace_id", wire.TraceId);
        var figures = WireFigures.Read(input, $"{field}.figures", wire.Figures);
        var (start, end) = input.Period($"{field}.reference_period", wire.ReferencePeriod);
        var source = input.Text($"{field}.source", wire.Source, 0, MaxSource);
        var until = input.OptionalTime($"{field}.valid_until_time", wire.ValidUntilTime);
        return Of(id, figures, new(start, end), source, until, now);
    }

    public static ContributionDeclared Of(
        Guid traceId, Figures figures, ReferencePeriod period, string source, DateTimeOffset? until, DateTimeOffset now)
    {
        var share = figures.Primary is { Covered: > 0 } primary ? primary.Primary / primary.Covered : (decimal?)null;
        return new(
            traceId, figures.Stages!, period, now, share, figures.Components,
            source.Length == 0 ? null : source, until);
    }
}
