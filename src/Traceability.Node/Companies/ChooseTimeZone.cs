using Traceability.Domain.Companies;
using Traceability.Node.Operators;

namespace Traceability.Node.Companies;

/// <summary>
/// The company's days are those of a zone from now on. Periods that were declared stay the moments they are. Saying so
/// again changes nothing.
/// </summary>
internal sealed record ChooseTimeZone(string TimeZone, long? Etag) : IAct<Decided<Company>>
{
    public Task<Decided<Company>> HandleAsync(OperatorSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Company>(
            StreamNames.Company(session.Operator),
            company => Company.ChooseTimeZone(company, session.Operator, TimeZone, session.Now),
            Etag,
            cancellationToken);
}
