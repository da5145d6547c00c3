using System.Text.Json;
using System.Text.Json.Nodes;

namespace Traceability.Proofs;

/// <summary>
/// What a signed payload says together with the disclosures that were shown: steps 2.d to 5 of RFC 9901, section 7.1.
/// </summary>
internal sealed class DisclosedClaims
{
    public const string Digests = "_sd";
    public const string DigestAlgorithm = "_sd_alg";
    public const string Sha256 = "sha-256";

    /// <summary>The one key of an array's element that stands for a digest.</summary>
    private const string ElementDigest = "...";

    private readonly Dictionary<string, string> _disclosures = [];
    private readonly HashSet<string> _embedded = [];

    private DisclosedClaims(IEnumerable<string> disclosures)
    {
        foreach (var disclosure in disclosures)
        {
            if (!_disclosures.TryAdd(SelectiveStatement.Digest(disclosure), disclosure))
            {
                throw NotCommitted();
            }
        }
    }

    public static (JsonObject Claims, IReadOnlyDictionary<string, JsonNode?> Fields) Of(
        JsonObject payload, IEnumerable<string> disclosures)
    {
        MustUseSha256(payload);
        var reading = new DisclosedClaims(disclosures);
        var (claims, fields) = reading.Open(payload);
        claims.Remove(DigestAlgorithm);
        // Whatever is left was shown, and stands nowhere in what was signed.
        return reading._disclosures.Count == 0
            ? (claims, fields)
            : throw NotCommitted();
    }

    /// <summary>Absent means sha-256 (section 4.1.1).</summary>
    private static void MustUseSha256(JsonObject payload)
    {
        if (payload.ContainsKey(DigestAlgorithm) && Text.Member(payload, DigestAlgorithm, "statement") != Sha256)
        {
            throw new ProofException(ProofFailure.WrongAlgorithm, $"Only digests by {Sha256} are accepted.");
        }
    }

    /// <summary>An object's own claims, and those that its digests add.</summary>
    private (JsonObject Own, Dictionary<string, JsonNode?> Disclosed) Open(JsonObject json)
    {
        if (json.ContainsKey(ElementDigest))
        {
            throw ProofException.Malformed("statement");
        }

        var own = new JsonObject(json.Where(claim => claim.Key != Digests)
            .Select(claim => KeyValuePair.Create(claim.Key, OpenValue(claim.Value))));
        Dictionary<string, JsonNode?> disclosed = [];
        foreach (var digest in DigestsOf(json))
        {
            if (Find(digest) is not { } disclosure)
            {
                continue;
            }

            var (name, value) = Claim(disclosure);
            if (own.ContainsKey(name) || !disclosed.TryAdd(name, OpenValue(value)))
            {
                throw ProofException.Malformed("statement");
            }
        }

        return (own, disclosed);
    }

    private JsonNode? OpenValue(JsonNode? value)
    {
        switch (value)
        {
            case JsonObject json:
                var (own, disclosed) = Open(json);
                foreach (var (name, added) in disclosed)
                {
                    own[name] = added;
                }

                return own;
            case JsonArray array:
                return new JsonArray([.. array.SelectMany(OpenElement)]);
            default:
                return value?.DeepClone();
        }
    }

    /// <summary>The element, or what its digest stands for; nothing if that was not shown.</summary>
    private IEnumerable<JsonNode?> OpenElement(JsonNode? element)
    {
        if (element is not JsonObject { Count: 1 } json || !json.ContainsKey(ElementDigest))
        {
            return [OpenValue(element)];
        }

        return Find(Text.Member(json, ElementDigest, "statement")) is { } disclosure
            ? [OpenValue(Element(disclosure))]
            : [];
    }

    private static IEnumerable<string> DigestsOf(JsonObject json)
    {
        if (!json.TryGetPropertyValue(Digests, out var digests))
        {
            return [];
        }

        return digests is JsonArray array && array.All(digest => digest?.GetValueKind() == JsonValueKind.String)
            ? array.Select(digest => digest!.GetValue<string>())
            : throw ProofException.Malformed("statement");
    }

    /// <summary>
    /// The disclosure that a digest stands for, which it does once; null if it was not shown. A digest that stands
    /// twice anywhere in what was signed would let one value count as two.
    /// </summary>
    private string? Find(string digest)
    {
        if (!_embedded.Add(digest))
        {
            throw new ProofException(ProofFailure.Malformed, "The statement holds the same digest twice.");
        }

        return _disclosures.Remove(digest, out var disclosure) ? disclosure : null;
    }

    private static (string Name, JsonNode? Value) Claim(string disclosure) =>
        Parse(disclosure, 3) is var array && array[1] is JsonValue name && name.TryGetValue<string>(out var text)
            && text is not (Digests or DigestAlgorithm or ElementDigest)
                ? (text, array[2])
                : throw ProofException.Malformed("statement");

    private static JsonNode? Element(string disclosure) => Parse(disclosure, 2)[1];

    /// <summary>A salt, and what it hides.</summary>
    private static JsonArray Parse(string disclosure, int count) =>
        Text.Parse(Text.Decode(disclosure, "statement"), "statement") is JsonArray array && array.Count == count
            && array[0]?.GetValueKind() == JsonValueKind.String
                ? array
                : throw ProofException.Malformed("statement");

    private static ProofException NotCommitted() =>
        new(ProofFailure.NotCommitted, "The statement does not hold a field that was shown.");
}
