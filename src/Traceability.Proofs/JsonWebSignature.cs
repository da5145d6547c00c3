using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Traceability.Proofs;

/// <summary>What was signed, and with which key.</summary>
/// <param name="KeyId">The key's thumbprint.</param>
/// <param name="Payload">What was signed.</param>
/// <param name="SignedAt">When, as the signer says in the header; null where it does not.</param>
public sealed record VerifiedSignature(string KeyId, byte[] Payload, DateTimeOffset? SignedAt = null);

/// <summary>Signatures in compact form (RFC 7515) by ES256 (RFC 7518, section 3.4), and no other algorithm.</summary>
public static class JsonWebSignature
{
    /// <summary>A statement with every field is below 4 KB; more is an attack on memory.</summary>
    public const int MaxLength = 32 * 1024;

    private const string Algorithm = "ES256";

    /// <summary>The time of a claim (RFC 7519, section 4.1.6), as a member of the header (section 5.3).</summary>
    private const string Time = "iat";

    /// <param name="key">Whose public half verifies it.</param>
    /// <param name="type">What is signed, so that it is taken for nothing else.</param>
    /// <param name="payload">The bytes.</param>
    /// <param name="signedAt">When, for a payload that does not say so itself; in whole seconds.</param>
    public static string Sign(
        PrivateKey key, string type, ReadOnlySpan<byte> payload, DateTimeOffset? signedAt = null)
    {
        var header = new JsonObject { ["alg"] = Algorithm, ["kid"] = key.Public.KeyId, ["typ"] = type };
        if (signedAt is { } time)
        {
            header[Time] = time.ToUnixTimeSeconds();
        }

        var signed = $"{Text.Encode(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Text.Encode(payload)}";
        using var algorithm = key.ForSignatures();
        return $"{signed}.{Text.Encode(algorithm.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    /// <summary>The key that a signature names; whether it fits is not checked.</summary>
    public static string KeyId(string compact) =>
        Text.Member(Text.DecodeObject(compact.Split('.')[0], "signature"), "kid", "signature");

    /// <summary>Verifies first, and only then hands out what was signed.</summary>
    public static VerifiedSignature Verify(string compact, string type, Func<string, PublicKey?> keyOf)
    {
        var parts = compact.Length <= MaxLength ? compact.Split('.') : [];
        if (parts is not [var header, var payload, var signature])
        {
            throw ProofException.Malformed("signature");
        }

        var (keyId, signedAt) = ReadHeader(header, type);
        var key = keyOf(keyId) ?? throw new ProofException(ProofFailure.UnknownKey, "The signing key is not known.");
        using var algorithm = key.ForSignatures();
        var signed = Encoding.ASCII.GetBytes($"{header}.{payload}");
        return algorithm.VerifyData(signed, Text.Decode(signature, "signature"), HashAlgorithmName.SHA256)
            ? new(keyId, Text.Decode(payload, "signature"), signedAt)
            : throw new ProofException(ProofFailure.BadSignature, "The signature does not fit.");
    }

    private static (string KeyId, DateTimeOffset? SignedAt) ReadHeader(string header, string type)
    {
        var json = Text.DecodeObject(header, "signature");
        if (Text.Member(json, "alg", "signature") != Algorithm || json.ContainsKey("crit"))
        {
            throw new ProofException(ProofFailure.WrongAlgorithm, $"Only {Algorithm} without extensions is accepted.");
        }

        return Text.Member(json, "typ", "signature") == type
            ? (Text.Member(json, "kid", "signature"), ReadTime(json))
            : throw new ProofException(ProofFailure.WrongType, $"The signature is not of type {type}.");
    }

    private static DateTimeOffset? ReadTime(JsonObject header)
    {
        if (!header.TryGetPropertyValue(Time, out var member))
        {
            return null;
        }

        // Before 1970, or after the year 9999, nobody signs.
        return member is JsonValue value && value.TryGetValue<long>(out var seconds)
            && seconds is >= 0 and < 253402300800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw ProofException.Malformed("signature");
    }
}
