using System.Security.Cryptography;
using System.Text;

namespace Traceability.Proofs.Logs;

/// <summary>What the keeper of a log has and nobody else: one secret, from which both keys follow.</summary>
public sealed class LogKeys
{
    /// <summary>The name of the broker's log.</summary>
    public const string BrokerOrigin = "traceability/broker";

    /// <summary>The name of the log of its members' keys, which the broker keeps apart.</summary>
    public const string KeysOrigin = "traceability/keys";

    private const string OperatorPrefix = "traceability/operator/";

    private LogKeys(NoteSigner signer, byte[] sealKey) => (Signer, SealKey) = (signer, sealKey);

    /// <summary>Signs the log's checkpoints.</summary>
    public NoteSigner Signer { get; }

    /// <summary>Vouches for events before they are logged.</summary>
    public byte[] SealKey { get; }

    /// <param name="origin">The name of the log.</param>
    /// <param name="secret">At least 32 random bytes.</param>
    public static LogKeys Of(string origin, byte[] secret) => new(
        new NoteSigner(origin, Derive(secret, "traceability log checkpoint")),
        Derive(secret, "traceability log seal"));

    /// <summary>The name of an operator's log.</summary>
    public static string OriginOf(Guid operatorId) => $"{OperatorPrefix}{operatorId}";

    /// <summary>Whose log has that name; null where it is no operator's.</summary>
    public static Guid? OperatorOf(string origin) =>
        origin.StartsWith(OperatorPrefix, StringComparison.Ordinal)
            && Guid.TryParseExact(origin[OperatorPrefix.Length..], "D", out var id) && OriginOf(id) == origin
                ? id
                : null;

    private static byte[] Derive(byte[] secret, string use) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, Ed25519.KeyBytes, info: Encoding.UTF8.GetBytes(use));
}

/// <summary>Public keys on edwards25519 as JSON Web Keys (RFC 8037).</summary>
public static class OctetKey
{
    public static string ToJwk(byte[] key) => $$"""{"crv":"Ed25519","kty":"OKP","x":"{{Text.Encode(key)}}"}""";

    /// <summary>RFC 7638 thumbprint.</summary>
    public static string KeyId(byte[] key) => Text.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(ToJwk(key))));

    public static byte[] FromJwk(string jwk)
    {
        var json = Text.ParseObject(Encoding.UTF8.GetBytes(jwk), "key");
        if (Text.Member(json, "kty", "key") != "OKP" || Text.Member(json, "crv", "key") != "Ed25519")
        {
            throw new ProofException(ProofFailure.WrongAlgorithm, "The key is not an Ed25519 key.");
        }

        var bytes = Text.Decode(Text.Member(json, "x", "key"), "key");
        return bytes.Length == Ed25519.KeyBytes ? bytes : throw ProofException.Malformed("key");
    }
}
