using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;
using Traceability.Node.Parts;
using Traceability.Node.Statements;

namespace Traceability.Node.Footprints;

/// <summary>A person approves the total that waits; parts above it and customers are told.</summary>
internal sealed record ApproveFootprint(TraceId Part, long? Etag = null) : IAct<Decided<Footprint>>
{
    public async Task<Decided<Footprint>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.ToDecide<Footprint>(StreamNames.Footprint(Part)));
        session.KnownPart(Part);
        var decided = await session.DecideAsync<Footprint>(
            StreamNames.Footprint(Part),
            footprint => (footprint ?? Footprint.Unknown(Part)).Approve(session.Now),
            Etag,
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            await session.TellAsync([Part], cancellationToken);
            session.Touch(Part);
        }

        return decided;
    }
}
