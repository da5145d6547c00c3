using Traceability.Contracts.Broker.V1;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A customer has withdrawn its request.</summary>
internal static class TradeCancelledMessage
{
    public static Reaction Read(MailboxMessage message) =>
        new CancelTrade(message.Trade(), message.Sender()).HandleAsync;
}
