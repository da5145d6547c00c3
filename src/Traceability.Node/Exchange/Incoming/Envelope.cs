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
