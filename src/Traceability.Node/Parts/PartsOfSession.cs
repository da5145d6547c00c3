using Traceability.Domain.Parts;
using Traceability.Domain.Writings;
using Traceability.Node.Operators;

namespace Traceability.Node.Parts;

/// <summary>Finds what an act names, or gives the one answer to what is not there.</summary>
internal static class PartsOfSession
{
    public static async Task<Part> PartAsync(
        this OperatorSession session, TraceId traceId, CancellationToken cancellationToken) =>
        await session.ReadAsync<Part>(StreamNames.Part(traceId), cancellationToken) ?? throw Unknown(traceId);

    /// <summary>The part that has a part number, in whatever form of writing, if any has.</summary>
    public static async Task<Part?> HolderAsync(
        this OperatorSession session, string number, CancellationToken cancellationToken)
    {
        if (number.Length == 0)
        {
            return null;
        }

        var plain = Writing.Plain(number);
        if (session.PartNumbers.TryGetValue(plain, out var known))
        {
            return known;
        }

        return session.KnowsAll<Part>()
            ? null
            : await (await session.DocumentsAsync(cancellationToken)).FindNumberedAsync(plain, cancellationToken);
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
