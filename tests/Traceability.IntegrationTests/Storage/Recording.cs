using Traceability.Storage;

namespace Traceability.IntegrationTests.Storage;

/// <summary>Events that nobody decided on, to look at what becomes of them.</summary>
internal static class Recording
{
    public static async Task RecordAsync(
        this EventDatabase database, string stream, object e, CancellationToken cancellationToken, string by = "test",
        string? correlation = null, string? causation = null)
    {
        await using var session = new ActSession(
            await database.BeginAsync(new Provenance(by, correlation, causation), 1, cancellationToken));
        await session.RecordAsync(stream, e, cancellationToken);
        await session.CommitAsync(cancellationToken);
    }
}
