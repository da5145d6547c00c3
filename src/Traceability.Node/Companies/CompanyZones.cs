using Marten;
using Traceability.Domain.Companies;
using Traceability.Node.Operators;

namespace Traceability.Node.Companies;

/// <summary>In which zone a company's days are.</summary>
internal static class CompanyZones
{
    public static Fetch FetchZone(this OperatorSession session) =>
        Fetch.Of<Company>(StreamNames.Company(session.Operator));

    /// <summary>Within an act.</summary>
    public static async Task<TimeZoneInfo> ZoneAsync(this OperatorSession session, CancellationToken cancellationToken)
    {
        var company = await session.ReadAsync<Company>(StreamNames.Company(session.Operator), cancellationToken);
        return ZoneOf(company, session.Now);
    }

    /// <summary>For a question.</summary>
    public static async Task<TimeZoneInfo> ZoneAsync(
        this IQuerySession session, OperatorId operatorId, DateTimeOffset asOf, CancellationToken cancellationToken) =>
        ZoneOf(await session.LoadAsync<Company>(StreamNames.Company(operatorId), cancellationToken), asOf);

    /// <summary>A system that has lost the zone must not take other days for the company's.</summary>
    public static TimeZoneInfo ZoneOf(Company? company, DateTimeOffset asOf)
    {
        var name = Company.TimeZoneAt(company, asOf);
        return Calendar.Find(name) ?? throw new TimeZoneNotFoundException(
            $"The time zone {name} is not installed on this machine (package tzdata).");
    }
}
