using Traceability.Evidence;
using Traceability.Node.Operators;
using Traceability.Proofs.Logs;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>The keys by which a sender's signatures are judged, as the key log proves them.</summary>
internal static class SenderKeys
{
    public static async Task<KeyRing> RingAsync(
        HostedOperator op, OperatorId sender, CancellationToken cancellationToken) => new(
            (await op.KeysOfAsync(sender, cancellationToken)).Keys.Where(key => key.Use == KeyUses.Signing).Select(
                key => new SigningKey(sender, key.KeyId, key.Jwk, key.ValidFrom, key.ValidUntil)));
}
