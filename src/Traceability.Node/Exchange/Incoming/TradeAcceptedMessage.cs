using Traceability.Contracts.Broker.V1;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A supplier has accepted.</summary>
internal static class TradeAcceptedMessage
{
    public static Reaction Read(MailboxMessage message) =>
        new LearnAcceptance(message.Trade(), message.TradeAccepted.PartRef, message.Sender()).HandleAsync;
}
