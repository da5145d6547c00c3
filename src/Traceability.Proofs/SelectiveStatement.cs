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
/// One signature for all receivers, each of whom is shown some of its fields (SD-JWT, RFC 9901, flat objects only). The
/// signature holds a salted hash per field: without a field's opening it says nothing about its value.
/// </summary>
public static class SelectiveStatement
{
    private const string Digests = "_sd";
    private const string DigestAlgorithm = "_sd_alg";
    private const int SaltBytes = 16;

    private static readonly JsonSerializerOptions Plain =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IssuedStatement Issue(
        PrivateKey key, string type, JsonObject claims, IReadOnlyDictionary<string, JsonNode> fields) =>
        Issue(key, type, claims, fields, () => RandomNumberGenerator.GetBytes(SaltBytes));

    internal static IssuedStatement Issue(
        PrivateKey key, string type, JsonObject claims, IReadOnlyDictionary<string, JsonNode> fields, Func<byte[]> salt)
    {
        var disclosures = fields.ToDictionary(field => field.Key, field => Disclosure(salt(), field.Key, field.Value));
        var payload = claims.DeepClone().AsObject();
        // Sorted: the order must not tell which fields there are (RFC 9901, section 4.2.4.1).
        var digests = disclosures.Values.Select(Digest).Order(StringComparer.Ordinal);
        payload[Digests] = new JsonArray([.. digests.Select(digest => JsonValue.Create(digest))]);
        payload[DigestAlgorithm] = "sha-256";
        return new(JsonWebSignature.Sign(key, type, Encoding.UTF8.GetBytes(payload.ToJsonString(Plain))), disclosures);
    }

    /// <summary>What a receiver gets who is shown these fields.</summary>
    public static string Present(string signature, IEnumerable<string> disclosures) =>
        $"{signature}~{string.Concat(disclosures.Select(disclosure => $"{disclosure}~"))}";

    public static OpenedStatement Open(string presentation, string type, Func<string, PublicKey?> keyOf)
    {
        var parts = presentation.Split('~');
        if (parts.Length < 2 || parts[^1].Length > 0)
        {
            throw ProofException.Malformed("statement");
        }

        var verified = JsonWebSignature.Verify(parts[0], type, keyOf);
        var claims = Text.ParseObject(verified.Payload, "statement");
        var committed = Committed(claims);
        Dictionary<string, JsonNode?> fields = [];
        foreach (var disclosure in parts[1..^1])
        {
            if (!committed.Remove(Digest(disclosure)))
            {
                throw new ProofException(
                    ProofFailure.NotCommitted, "The statement does not hold a field that was shown.");
            }

            var (name, value) = Field(disclosure);
            if (claims.ContainsKey(name) || !fields.TryAdd(name, value))
            {
                throw ProofException.Malformed("statement");
            }
        }

        return new(verified.KeyId, claims, fields);
    }

    internal static string Digest(string disclosure) =>
        Text.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(disclosure)));

    private static string Disclosure(byte[] salt, string name, JsonNode value) => Text.Encode(Encoding.UTF8.GetBytes(
        new JsonArray(Text.Encode(salt), name, value.DeepClone()).ToJsonString(Plain)));

    /// <summary>Takes the digests out of the claims.</summary>
    private static HashSet<string> Committed(JsonObject claims)
    {
        if (Text.Member(claims, DigestAlgorithm, "statement") != "sha-256" || claims[Digests] is not JsonArray digests
            || digests.Any(digest => digest?.GetValueKind() != JsonValueKind.String))
        {
            throw ProofException.Malformed("statement");
        }

        HashSet<string> committed = [.. digests.Select(digest => digest!.GetValue<string>())];
        claims.Remove(Digests);
        claims.Remove(DigestAlgorithm);
        return committed;
    }

    private static (string Name, JsonNode? Value) Field(string disclosure)
    {
        var json = Text.Parse(Text.Decode(disclosure, "statement"), "statement");
        return json is JsonArray { Count: 3 } array
            && array[1] is JsonValue name
            && name.TryGetValue<string>(out var text)
            && text is not (Digests or DigestAlgorithm or "...")
                ? (text, array[2]?.DeepClone())
                : throw ProofException.Malformed("statement");
    }
}
