using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Evidence;
using Traceability.Node.Companies;
using Traceability.Node.Operators;

namespace Traceability.Node.Statements;

/// <summary>
/// Signs what stands, one statement per part and version so that all customers get the same, and queues it for those
/// who may see it. Part of the act that made it news.
/// </summary>
internal static class TellCustomers
{
    /// <param name="session">Of the act.</param>
    /// <param name="parts">What is news.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="field">Only those who may see this field; null: all who may see anything.</param>
    public static async Task TellAsync(
        this OperatorSession session, IReadOnlyCollection<TraceId> parts, CancellationToken cancellationToken,
        FootprintField? field = null)
    {
        if (parts.Count == 0)
        {
            return;
        }

        var trades = await PartLinks.TradesAboutAsync(
            await session.ConnectionAsync(cancellationToken), parts, cancellationToken);
        await session.FetchAsync(
            cancellationToken,
            session.FetchZone(),
            Fetch.Of<Release>(trades.Select(trade => StreamNames.Release(trade.TradeId))),
            Fetch.Of<Footprint>(parts.Select(StreamNames.Footprint)),
            Fetch.Of<Part>(parts.Select(StreamNames.Part)),
            Fetch.ToDecide<Statement>(parts.Select(part => StreamNames.Statement(session.Keys.PartRef(part)))));
        foreach (var (part, trade) in trades)
        {
            if (session.Known<Release>(StreamNames.Release(trade)) is { } release && release.Shows(field, session.Now))
            {
                await session.TellAsync(part, trade, cancellationToken);
            }
        }
    }

    /// <summary>One customer, who has a release.</summary>
    public static async Task TellAsync(
        this OperatorSession session, TraceId part, TradeId trade, CancellationToken cancellationToken)
    {
        var footprint = await session.ReadAsync<Footprint>(StreamNames.Footprint(part), cancellationToken);
        if (footprint is { Figures: not null })
        {
            await session.IssueAsync(footprint, cancellationToken);
            session.Notify(trade, new DisclosureNotice());
        }
    }

    /// <summary>The statement that says what stands; made if there is none.</summary>
    public static async Task<Statement> IssueAsync(
        this OperatorSession session, Footprint footprint, CancellationToken cancellationToken)
    {
        var partRef = session.Keys.PartRef(footprint.TraceId);
        var part = await session.ReadAsync<Part>(StreamNames.Part(footprint.TraceId), cancellationToken);
        var said = (await session.ZoneAsync(cancellationToken)).At(footprint);
        var decided = await session.DecideAsync<Statement>(
            StreamNames.Statement(partRef),
            statement => Statement.Issue(statement, footprint, Sign),
            cancellationToken);
        return decided.State;

        StatementIssued Sign()
        {
            var issued = StatementForm.Issue(
                session.Keys.Signing, session.Operator, partRef, part!.DeclaredUnit, said, session.Now);
            return new(
                footprint.TraceId, partRef, footprint.FootprintVersion, issued.Signature,
                issued.Disclosures, session.Now);
        }
    }
}
