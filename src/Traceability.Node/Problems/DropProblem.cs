using Traceability.Node.Operators;

namespace Traceability.Node.Problems;

/// <summary>What failed for good is given up.</summary>
internal sealed record DropProblem(long ProblemId) : IAct<bool>
{
    public Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        session.DropProblem(ProblemId);
        return Task.FromResult(true);
    }
}
