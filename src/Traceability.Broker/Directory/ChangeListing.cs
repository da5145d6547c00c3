using Npgsql;
using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>
/// A member decides whether all see it, or those that know it: whoever has traded with it before does.
/// </summary>
internal sealed record ChangeListing(OperatorId OperatorId, bool Listed) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public async Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        await session.CallerAsync(cancellationToken);
        if (!Listed)
        {
            foreach (var partner in await PartnersAsync(session, cancellationToken))
            {
                await session.IntroduceAsync(partner, IntroducedBy.Trade, cancellationToken);
            }
        }

        return await session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId), member => member!.List(Listed, session.Now), cancellationToken);
    }

    /// <summary>Until members could be unlisted, nobody had to be introduced.</summary>
    private async Task<IReadOnlyList<OperatorId>> PartnersAsync(
        BrokerSession session, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select distinct case when one = $1 then other else one end
            from (select (data ->> 'buyerId')::uuid as one, (data ->> 'supplierId')::uuid as other
                from {EventDatabases.Schema}.mt_doc_trade) trade
            where $1 in (one, other)
            """,
            await session.ConnectionAsync(cancellationToken));
        command.Parameters.AddWithValue(OperatorId.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<OperatorId> partners = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            partners.Add(new(reader.GetGuid(0)));
        }

        return partners;
    }
}
