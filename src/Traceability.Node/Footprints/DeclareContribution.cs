using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Hosting;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Footprints;

/// <summary>
/// The operator says what it emits itself for one declared unit of a part it makes, or what a data set says of one it
/// buys. Saying so again changes nothing.
/// </summary>
/// <param name="Part">The part.</param>
/// <param name="Figures">In kilogram CO2e per declared unit.</param>
/// <param name="Period">What they are about.</param>
/// <param name="Source">Of a typed figure; may be empty.</param>
/// <param name="ValidUntil">Exclusive end of their use; null: none was declared.</param>
/// <param name="Etag">The footprint as the caller has read it; null: any.</param>
internal sealed record DeclareContribution(
    TraceId Part, DeclaredFigures Figures, ReferencePeriod Period, string Source, DateTimeOffset? ValidUntil,
    long? Etag = null) : IAct<Decided<Footprint>>
{
    public static DeclareContribution Read(
        Input input, string at, TraceId part, DeclaredFigures figures, ReferencePeriod period, string source,
        DateTimeOffset? validUntil, long? etag = null) =>
        new(part, figures, period, input.Writing($"{at}source", source, 0, Footprint.MaxSource), validUntil, etag);

    public async Task<Decided<Footprint>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.ToDecide<Footprint>(StreamNames.Footprint(Part)));
        var part = session.KnownPart(Part);
        var declared = new ContributionDeclared(
            Part, Figures.Stages, Period, session.Now, Figures.PrimaryShare, Figures.Components,
            Source.Length == 0 ? null : Source, ValidUntil);
        var decided = await session.DecideAsync<Footprint>(
            StreamNames.Footprint(Part),
            footprint => Footprint.Declare(footprint, part, declared),
            Etag,
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.Touch(Part);
            session.TouchAt(Part, ValidUntil);
        }

        return decided;
    }
}
