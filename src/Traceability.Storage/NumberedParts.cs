using Marten;
using Marten.Linq.MatchesSql;
using Traceability.Domain.Parts;

namespace Traceability.Storage;

/// <summary>Parts by their numbers, in whatever form of writing these were stored.</summary>
public static class NumberedParts
{
    /// <param name="session">Of the operator.</param>
    /// <param name="plain">The number in normalization form KC, by which there is an index (Migrations).</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Task<Part?> FindNumberedAsync(
        this IQuerySession session, string plain, CancellationToken cancellationToken) => session.Query<Part>()
            .Where(part => part.MatchesSql("normalize(d.data ->> 'partNumber', NFKC) = ?", plain))
            .OrderBy(part => part.Id).FirstOrDefaultAsync(cancellationToken);
}
