using Traceability.Contracts.Broker.V1;
using Traceability.Node.Trades;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>The other side has ended a trade.</summary>
internal static class TradeEndedMessage
{
    public static Reaction Read(MailboxMessage message) => new EndTrade(message.Trade(), message.Sender()).HandleAsync;
}
