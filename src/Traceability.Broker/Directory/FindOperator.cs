using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A member looks for another that it can name exactly. Both know each other from then on.</summary>
internal sealed record FindOperator(BusinessNumber Number) : IAct<Operator?>
{
    public string Turn => StreamNames.Number(Number);

    public async Task<Operator?> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        var caller = await session.CallerAsync(cancellationToken);
        var holder = await session.ReadAsync<NumberedOperator>(StreamNames.Number(Number), cancellationToken);
        if (holder is null
            || await session.ReadAsync<Operator>(StreamNames.Operator(holder.OperatorId), cancellationToken)
                is not { Active: true } found)
        {
            return null;
        }

        if (found.OperatorId != caller.OperatorId)
        {
            await session.IntroduceAsync(found.OperatorId, IntroducedBy.BusinessNumber, cancellationToken);
        }

        return found;
    }
}
