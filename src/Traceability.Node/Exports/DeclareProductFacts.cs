using Traceability.Domain.Parts;
using Traceability.Domain.Products;
using Traceability.Node.Operators;
using Traceability.Node.Parts;

namespace Traceability.Node.Exports;

/// <summary>The operator says what exports need to know of a product and no footprint says.</summary>
internal sealed record DeclareProductFacts(TraceId Part, IReadOnlyDictionary<string, string> Facts)
    : IAct<Decided<ProductFacts>>
{
    public async Task<Decided<ProductFacts>> HandleAsync(
        OperatorSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Part>(StreamNames.Part(Part)),
            Fetch.ToDecide<ProductFacts>(StreamNames.ProductFacts(Part)));
        var part = session.KnownPart(Part);
        part.MustBeInUse();
        part.MustBe(PartKind.Made);
        return await session.DecideAsync<ProductFacts>(
            StreamNames.ProductFacts(Part),
            known => ProductFacts.Declare(known, Part, Facts, session.Now),
            cancellationToken);
    }
}
