using Traceability.Contracts.Broker.V1;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A supplier does not answer: its figure is withheld.</summary>
internal static class TradeRejectedMessage
{
    public static Reaction Read(HostedOperator op, MailboxMessage message)
    {
        var (trade, sender) = (message.Trade(), message.Sender());
        var reason = Envelope.OpenLetter(op, message.TradeRejected.SealedLetter).Message;
        return async (session, cancellationToken) =>
        {
            await new LearnRejection(trade, reason, sender).HandleAsync(session, cancellationToken);
            await new WithholdTotal(trade, sender).HandleAsync(session, cancellationToken);
        };
    }
}
