using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A supplier shows its total no longer: after what it showed before, and not a second time.</summary>
internal static class ReleaseRevokedMessage
{
    public static async Task<Reaction> ReadAsync(
        HostedOperator op, MailboxMessage message, SealedHeader header, CancellationToken cancellationToken)
    {
        var arrival = await Arrival.ReadAsync(op, message.Trade(), header, cancellationToken)
            ?? throw ActMessage.NotProven(message, "It has no number.");
        return async (session, token) =>
        {
            if (!arrival.IsOld)
            {
                await new WithholdTotal(message.Trade(), message.Sender()).HandleAsync(session, token);
            }

            await arrival.StoreAsync(session, token);
        };
    }
}
