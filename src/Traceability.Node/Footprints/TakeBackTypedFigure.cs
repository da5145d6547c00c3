using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Footprints;

/// <summary>
/// What a data set says of a bought part counts no longer, so that a gap is a gap. Saying so again changes nothing.
/// </summary>
internal sealed record TakeBackTypedFigure(TraceId Part, long? Etag) : IAct<Decided<Footprint>>
{
    public async Task<Decided<Footprint>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.ToDecide<Footprint>(StreamNames.Footprint(Part)));
        var part = session.KnownPart(Part);
        var decided = await session.DecideAsync<Footprint>(
            StreamNames.Footprint(Part),
            footprint => Footprint.TakeBack(footprint, part, session.Now),
            Etag,
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            session.Touch(Part);
        }

        return decided;
    }
}
