using Traceability.Contracts.Broker.V1;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>What a message leads to, ready to be done: the act of the slice that it concerns.</summary>
internal delegate Task Reaction(OperatorSession session, CancellationToken cancellationToken);

/// <summary>Which message leads to what. One that this version does not know is passed over.</summary>
internal static class Reactions
{
    public static async Task<Reaction> ReadAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken) => message.ContentCase switch
        {
            MailboxMessage.ContentOneofCase.None => (_, _) => Task.CompletedTask,
            MailboxMessage.ContentOneofCase.Disclosure => await DisclosureMessage.ReadAsync(
                op, message, cancellationToken),
            _ => await ReadActAsync(op, message, cancellationToken),
        };

    private static async Task<Reaction> ReadActAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken)
    {
        var header = await ActMessage.VerifyAsync(op, message, cancellationToken);
        return message.ContentCase switch
        {
            MailboxMessage.ContentOneofCase.TradeRequested => TradeRequestedMessage.Read(op, message),
            MailboxMessage.ContentOneofCase.TradeAccepted => TradeAcceptedMessage.Read(message),
            MailboxMessage.ContentOneofCase.TradeRejected => TradeRejectedMessage.Read(op, message),
            MailboxMessage.ContentOneofCase.TradeCancelled => TradeCancelledMessage.Read(message),
            MailboxMessage.ContentOneofCase.TradeEnded => TradeEndedMessage.Read(message),
            _ => await ReleaseRevokedMessage.ReadAsync(op, message, header, cancellationToken),
        };
    }

    public static TradeId Trade(this MailboxMessage message) => new(Guid.Parse(message.TradeId));

    public static OperatorId Sender(this MailboxMessage message) => new(Guid.Parse(message.SenderOperatorId));
}
