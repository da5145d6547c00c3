using Traceability.Domain.Operators;

namespace Traceability.Broker.Directory;

/// <summary>A member goes by another name; its id, keys and evidence stay. Again changes nothing.</summary>
internal sealed record RenameOperator(OperatorId OperatorId, string Name) : IAct<Decided<Operator>>
{
    public string Turn => StreamNames.Operator(OperatorId);

    public Task<Decided<Operator>> HandleAsync(BrokerSession session, CancellationToken cancellationToken) =>
        session.DecideAsync<Operator>(
            StreamNames.Operator(OperatorId),
            member => Members.Known(member, OperatorId).Rename(Name, session.Now),
            cancellationToken);
}
