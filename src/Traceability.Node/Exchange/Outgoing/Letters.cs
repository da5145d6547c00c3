using System.Text;
using Google.Protobuf;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>What people write to each other travels sealed; the broker cannot read it.</summary>
internal static class Letters
{
    public static async Task<string> SealAsync(
        HostedOperator op, OperatorId receiver, TradeId tradeId, TradeLetter letter,
        CancellationToken cancellationToken) => JsonWebEncryption.Seal(
            await op.SealingKeyAsync(receiver, cancellationToken),
            SealedTypes.Letter,
            Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(letter)),
            op.HeaderOf(tradeId).ToJson());
}
