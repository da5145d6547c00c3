using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Quantities;
using Traceability.Node.Operators;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A customer asks for a footprint.</summary>
internal static class TradeRequestedMessage
{
    public static Reaction Read(HostedOperator op, MailboxMessage message)
    {
        var letter = Envelope.OpenLetter(op, message.TradeRequested.SealedLetter);
        return new LearnRequest(
            message.Trade(), message.Sender(), letter.Message, letter.DueTime?.ToDateTimeOffset(),
            Unit.Find(letter.DeclaredUnit)?.Name).HandleAsync;
    }
}
