using Marten;
using Traceability.Domain.Parts;
using Traceability.Node.Operators;

namespace Traceability.Node.Parts;

/// <summary>Finds what an act names, or gives the one answer to what is not there.</summary>
internal static class PartsOfSession
{
    public static async Task<Part> PartAsync(
        this OperatorSession session, TraceId traceId, CancellationToken cancellationToken) =>
        await session.ReadAsync<Part>(StreamNames.Part(traceId), cancellationToken) ?? throw Unknown(traceId);

    /// <summary>The part that has a part number, if any has.</summary>
    public static async Task<TraceId?> HolderAsync(
        this OperatorSession session, string number, CancellationToken cancellationToken)
    {
        if (number.Length == 0)
        {
            return null;
        }

        if (session.PartNumbers.TryGetValue(number, out var known))
        {
            return known;
        }

        return session.KnowsAll<Part>()
            ? null
            : (await session.Documents.Query<Part>().Where(part => part.PartNumber == number)
                .OrderBy(part => part.Id).FirstOrDefaultAsync(cancellationToken))?.TraceId;
    }

    /// <summary>One that has been fetched.</summary>
    public static Part KnownPart(this OperatorSession session, TraceId traceId) =>
        session.Known<Part>(StreamNames.Part(traceId)) ?? throw Unknown(traceId);

    /// <summary>For questions.</summary>
    public static async Task<Part> PartAsync(
        this HostedOperator op, TraceId traceId, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        return await session.LoadAsync<Part>(StreamNames.Part(traceId), cancellationToken) ?? throw Unknown(traceId);
    }

    private static RefusedException Unknown(TraceId traceId) =>
        RefusedException.NotDisclosed("Part", "trace_id", traceId);
}
