using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>What another member does in a trade, where it has signed it.</summary>
internal static class ActMessage
{
    /// <exception cref="RefusedException">It has not.</exception>
    public static async Task<SealedHeader> VerifyAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(op, message, cancellationToken);
        }
        catch (ProofException exception) when (exception.Failure == ProofFailure.UnknownKey)
        {
            // It may be newer than what is known here of keys.
            await op.KeyLog.CatchUpAsync(op.Broker, long.MaxValue, cancellationToken);
        }
        catch (ProofException exception)
        {
            throw NotProven(message, exception.Message);
        }

        try
        {
            return await ReadAsync(op, message, cancellationToken);
        }
        catch (ProofException exception)
        {
            throw NotProven(message, exception.Message);
        }
    }

    private static async Task<SealedHeader> ReadAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken)
    {
        var keys = await SenderKeys.RingAsync(op, message.Sender(), cancellationToken);
        var (act, content) = Said(op, message);
        var header = SignedAct.Verify(message.SignedAct, message.Sender(), keys, act, content);
        await op.HearAsync(header, cancellationToken);
        return header.TradeId == message.Trade().Value
            ? header
            : throw new ProofException(ProofFailure.NotCommitted, "It was signed in another trade.");
    }

    public static RefusedException NotProven(MailboxMessage message, string why) => new(
        RefusalReason.MessageNotProven,
        $"It is not proven that operator {message.SenderOperatorId} sent this. {why} Nothing was done: ask that "
            + "company. If it did send it, its node must be brought up to date, and send it again; if not, tell the "
            + "federation that the broker delivers what nobody sent.",
        ("operator_id", message.SenderOperatorId), ("trade_id", message.TradeId));

    private static (string Act, string Content) Said(HostedOperator op, MailboxMessage message) =>
        message.ContentCase switch
        {
            MailboxMessage.ContentOneofCase.TradeRequested => (
                SignedAct.Requested, SignedAct.Request(op.OperatorId, message.TradeRequested.SealedLetter)),
            MailboxMessage.ContentOneofCase.TradeAccepted => (SignedAct.Accepted, message.TradeAccepted.PartRef),
            MailboxMessage.ContentOneofCase.TradeRejected => (SignedAct.Rejected, message.TradeRejected.SealedLetter),
            MailboxMessage.ContentOneofCase.TradeCancelled => (SignedAct.Cancelled, ""),
            MailboxMessage.ContentOneofCase.TradeEnded => (SignedAct.Ended, ""),
            MailboxMessage.ContentOneofCase.ReleaseRevoked => (SignedAct.Revoked, ""),
            _ => throw new ProofException(ProofFailure.WrongType, "It is no act of a trade."),
        };
}
