using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Traceability.Proofs;

/// <summary>A signature that commits to fields, and the opening of each field by name.</summary>
public sealed record IssuedStatement(string Signature, IReadOnlyDictionary<string, string> Disclosures);

/// <summary>What a receiver was shown.</summary>
public sealed record OpenedStatement(string KeyId, JsonObject Claims, IReadOnlyDictionary<string, JsonNode?> Fields);

/// <summary>
/// One signature for all receivers, each of whom is shown some of its fields (SD-JWT, RFC 9901; what is issued
/// here is flat). The signature holds a salted hash per field: without a field's opening it says nothing about its
/// value.
/// </summary>
public static class SelectiveStatement
{
    /// <summary>A statement with all of its fields is a few kilobytes; the broker takes 64 KiB of it, sealed.</summary>
    private const int MaxLength = 64 * 1024;

    private const int SaltBytes = 16;

    private static readonly JsonSerializerOptions Plain =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="key">Signs.</param>
    /// <param name="type">Of the statement.</param>
    /// <param name="claims">What every receiver sees.</param>
    /// <param name="fields">What is shown to some.</param>
    /// <param name="digests">
    /// How many hashes there are at least, so that their number does not tell how many fields there are (decoys,
    /// RFC 9901, section 4.2.5).
    /// </param>
    public static IssuedStatement Issue(
        PrivateKey key, string type, JsonObject claims, IReadOnlyDictionary<string, JsonNode> fields,
        int digests = 0) =>
        Issue(key, type, claims, fields, () => RandomNumberGenerator.GetBytes(SaltBytes), digests);

    internal static IssuedStatement Issue(
        PrivateKey key, string type, JsonObject claims, IReadOnlyDictionary<string, JsonNode> fields, Func<byte[]> salt,
        int digests = 0)
    {
        var disclosures = fields.ToDictionary(field => field.Key, field => Disclosure(salt(), field.Key, field.Value));
        var payload = claims.DeepClone().AsObject();
        // Sorted: the order must not tell which fields there are (RFC 9901, section 4.2.4.1).
        var decoys = Enumerable.Range(0, Math.Max(0, digests - disclosures.Count))
            .Select(_ => Text.Encode(RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes)));
        var hashes = disclosures.Values.Select(Digest).Concat(decoys).Order(StringComparer.Ordinal);
        payload[DisclosedClaims.Digests] = new JsonArray([.. hashes.Select(hash => JsonValue.Create(hash))]);
        payload[DisclosedClaims.DigestAlgorithm] = DisclosedClaims.Sha256;
        return new(JsonWebSignature.Sign(key, type, Encoding.UTF8.GetBytes(payload.ToJsonString(Plain))), disclosures);
    }

    /// <summary>What a receiver gets who is shown these fields.</summary>
    public static string Present(string signature, IEnumerable<string> disclosures) =>
        $"{signature}~{string.Concat(disclosures.Select(disclosure => $"{disclosure}~"))}";

    /// <summary>
    /// The signature first; then every step of RFC 9901, section 7.1. What is wrong anywhere makes all of it worth
    /// nothing.
    /// </summary>
    public static OpenedStatement Open(string presentation, string type, Func<string, PublicKey?> keyOf)
    {
        var parts = presentation.Length <= MaxLength ? presentation.Split('~') : [];
        if (parts.Length < 2 || parts[^1].Length > 0)
        {
            throw ProofException.Malformed("statement");
        }

        var verified = JsonWebSignature.Verify(parts[0], type, keyOf);
        var opened = DisclosedClaims.Of(Text.ParseObject(verified.Payload, "statement"), parts[1..^1]);
        return new(verified.KeyId, opened.Claims, opened.Fields);
    }

    internal static string Digest(string disclosure) =>
        Text.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(disclosure)));

    private static string Disclosure(byte[] salt, string name, JsonNode value) => Text.Encode(Encoding.UTF8.GetBytes(
        new JsonArray(Text.Encode(salt), name, value.DeepClone()).ToJsonString(Plain)));
}
