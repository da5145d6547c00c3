using Traceability.Contracts.Broker.V1;
using Traceability.Node.Footprints;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A supplier shows its total no longer.</summary>
internal static class ReleaseRevokedMessage
{
    public static Reaction Read(MailboxMessage message) =>
        new WithholdTotal(message.Trade(), message.Sender()).HandleAsync;
}
