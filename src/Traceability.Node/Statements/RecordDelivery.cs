using Traceability.Domain.Statements;
using Traceability.Node.Operators;

namespace Traceability.Node.Statements;

/// <summary>
/// What was shown to whom stands in the company's own log before it is forgotten that it was to be sent.
/// </summary>
/// <param name="Delivered">What the broker has taken.</param>
/// <param name="Number">Its number in the trade.</param>
/// <param name="Notices">The rows of the outbox that are done by it.</param>
internal sealed record RecordDelivery(
    StatementDelivered Delivered, SentNumber Number, IReadOnlyCollection<long> Notices) : IAct<bool>
{
    public async Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        await session.DecideAsync<Disclosure>(
            StreamNames.Disclosure(Delivered.MessageId), known => known is null ? [Delivered] : [], cancellationToken);
        MessageNumbers.Record(session, Delivered.TradeId, Number);
        session.Queue($"delete from {EventDatabases.Schema}.outbox where id = any(?)", Notices.ToArray());
        return true;
    }
}
