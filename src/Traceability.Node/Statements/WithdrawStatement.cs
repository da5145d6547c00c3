using Traceability.Domain.Statements;
using Traceability.Node.Operators;

namespace Traceability.Node.Statements;

/// <summary>
/// The key of a statement is not believed any more: customers get another one at once, and need not wait for the next
/// version.
/// </summary>
internal sealed record WithdrawStatement(string PartRef, string KeyId) : IAct<Decided<Statement>>
{
    public async Task<Decided<Statement>> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        var decided = await session.DecideAsync<Statement>(
            StreamNames.Statement(PartRef),
            statement => Statement.Withdraw(statement, KeyId, session.Now),
            cancellationToken);
        if (decided.Events.Count > 0)
        {
            await session.TellAsync([decided.State.TraceId], cancellationToken);
        }

        return decided;
    }
}
