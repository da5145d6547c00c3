using System.Text;
using Google.Protobuf;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>Opens what was sealed for the operator.</summary>
internal static class Envelope
{
    /// <summary>What was sealed before a rotation arrives after it.</summary>
    public static byte[] Open(HostedOperator op, string type, string sealedMessage)
    {
        ProofException? failure = null;
        foreach (var key in op.Keys.Sealing)
        {
            try
            {
                return JsonWebEncryption.Open(key, type, sealedMessage);
            }
            catch (ProofException exception)
            {
                failure ??= exception;
            }
        }

        throw failure!;
    }

    /// <summary>
    /// What goes with a message that was opened: about this trade, and this message. What its sender was shown of the
    /// key log is compared with what is shown here.
    /// </summary>
    /// <exception cref="ProofException">It was sealed for another trade, or is another message.</exception>
    public static async Task<SealedHeader?> ReadHeaderAsync(
        HostedOperator op, MailboxMessage message, string sealedMessage, CancellationToken cancellationToken)
    {
        var header = SealedHeader.Read(JsonWebEncryption.Header(sealedMessage));
        if (header is null)
        {
            return null;
        }

        await op.HearAsync(header, cancellationToken);
        return header.TradeId == message.Trade().Value
            && (header.MessageId is null || $"{header.MessageId}" == message.MessageId)
                ? header
                : throw new ProofException(ProofFailure.NotCommitted, "It was sealed as another message.");
    }

    public static TradeLetter OpenLetter(HostedOperator op, string sealedLetter)
    {
        try
        {
            var json = Open(op, SealedTypes.Letter, sealedLetter);
            return JsonParser.Default.Parse<TradeLetter>(Encoding.UTF8.GetString(json));
        }
        catch (Exception exception) when (exception is ProofException or InvalidProtocolBufferException)
        {
            // The question stands even if its text cannot be read.
            return new TradeLetter();
        }
    }
}
