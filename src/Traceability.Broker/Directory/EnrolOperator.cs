using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A company becomes a member. Enrolling it again changes nothing.</summary>
internal sealed record EnrolOperator(
    OperatorId OperatorId, string Name, string Fingerprint, bool Listed, IReadOnlyList<BusinessNumber> Numbers)
    : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public async Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        foreach (var number in Numbers)
        {
            await session.DecideAsync<NumberedOperator>(
                StreamNames.Number(number),
                holder => NumberedOperator.Record(holder, number, OperatorId, session.Now),
                cancellationToken);
        }

        return await session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Operator.Enrol(member, OperatorId, Name, session.Now, Fingerprint, Listed),
            cancellationToken);
    }
}
