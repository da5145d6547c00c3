using Traceability.Domain;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;
using Traceability.Storage;

namespace Traceability.Node.Parts;

/// <summary>Finds what a call names, or gives the one answer to what is not there.</summary>
internal static class FindPart
{
    public static async Task<Part> PartAsync(
        this HostedOperator op, Guid traceId, CancellationToken cancellationToken) =>
        await op.ReadAsync<Part>(Keys.Part(traceId), cancellationToken)
        ?? throw RefusedException.NotDisclosed("Part", "trace_id", traceId);
}
