using Traceability.Domain.Footprints;
using Traceability.Domain.Statements;
using Traceability.Node.Operators;

namespace Traceability.Node.Statements;

/// <summary>What stands of a part is signed, if it is not yet.</summary>
internal sealed record IssueStatement(TraceId Part) : IAct<Statement>
{
    public async Task<Statement> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var footprint = await session.ReadAsync<Footprint>(StreamNames.Footprint(Part), cancellationToken);
        return await session.IssueAsync(footprint!, cancellationToken);
    }
}
