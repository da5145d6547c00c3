using System.Text;
using Google.Protobuf;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Operators;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>What people write to each other travels sealed; the broker cannot read it.</summary>
internal static class Letters
{
    public const string Type = "traceability-letter+jwe";

    public static async Task<string> SealAsync(
        HostedOperator op, OperatorId receiver, TradeLetter letter, CancellationToken cancellationToken) =>
        JsonWebEncryption.Seal(
            await op.Broker.SealingKeyAsync(receiver, cancellationToken),
            Type,
            Encoding.UTF8.GetBytes(JsonFormatter.Default.Format(letter)));
}
