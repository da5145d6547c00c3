using Marten;
using Traceability.Domain.Certificates;
using Traceability.Domain.Releases;
using Traceability.Node.Operators;
using Traceability.Node.Statements;

namespace Traceability.Node.Certificates;

/// <summary>
/// Certificates whose end has come are not shown any more: customers who were shown them are told at that moment.
/// </summary>
internal static class ExpireCertificates
{
    public static async Task ExpireCertificatesAsync(
        this OperatorSession session, IReadOnlyCollection<TraceId> parts, CancellationToken cancellationToken)
    {
        TraceId[] about = [.. parts];
        var documents = await session.DocumentsAsync(cancellationToken);
        var certificates = await documents.Query<Certificate>().Where(one => one.TraceId.IsOneOf(about))
            .OrderBy(one => one.Id).ToListAsync(cancellationToken);
        HashSet<TraceId> expired = [];
        foreach (var one in certificates.Where(one => Certificate.Expire(one, session.Now).Length > 0))
        {
            await session.DecideAsync<Certificate>(
                one.Id, existing => Certificate.Expire(existing, session.Now), cancellationToken);
            expired.Add(one.TraceId);
        }

        await session.TellAsync(expired, cancellationToken, FootprintField.Certificate);
    }
}
