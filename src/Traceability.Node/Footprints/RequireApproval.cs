using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Footprints;

/// <summary>New totals of a part wait for a person from now on, or no longer.</summary>
internal sealed record RequireApproval(TraceId Part, bool Required) : IAct<Decided<Footprint>>
{
    public async Task<Decided<Footprint>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.ToDecide<Footprint>(StreamNames.Footprint(Part)));
        var part = session.KnownPart(Part);
        return await session.DecideAsync<Footprint>(
            StreamNames.Footprint(Part),
            footprint => Footprint.RequireApproval(footprint, part, Required, session.Now),
            cancellationToken);
    }
}
