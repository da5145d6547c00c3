using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Traceability.Evidence;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Transport;

/// <summary>
/// What a member does in a trade, in its own name: the broker passes it on, and can neither make it up nor put it
/// elsewhere.
/// </summary>
/// <param name="Act">What it does: the name of the message's content on the wire.</param>
/// <param name="Content">What goes with it, or nothing.</param>
/// <param name="Header">In which trade; and its number where it counts with what was shown.</param>
internal sealed record SignedAct(string Act, string Content, SealedHeader Header)
{
    public const string Requested = "trade_requested";
    public const string Accepted = "trade_accepted";
    public const string Rejected = "trade_rejected";
    public const string Cancelled = "trade_cancelled";
    public const string Ended = "trade_ended";
    public const string Revoked = "release_revoked";

    private const string Type = "traceability-trade-act+jwt";

    /// <summary>A request is for one supplier, and for no other.</summary>
    public static string Request(OperatorId supplier, string sealedLetter) => $"{supplier}\n{sealedLetter}";

    public string Sign(PrivateKey key, DateTimeOffset now)
    {
        var payload = Header.ToJson();
        payload["act"] = Act;
        payload["content"] = Hash(Content);
        return JsonWebSignature.Sign(key, Type, Encoding.UTF8.GetBytes(payload.ToJsonString()), now);
    }

    /// <summary>What was signed must be what is said.</summary>
    /// <param name="signature">The signature (JWS).</param>
    /// <param name="signer">Who must have signed it.</param>
    /// <param name="keys">The signer's keys.</param>
    /// <param name="act">What is said to be done.</param>
    /// <param name="content">What came with it.</param>
    /// <exception cref="ProofException">It was not signed so by that member.</exception>
    public static SealedHeader Verify(string signature, OperatorId signer, KeyRing keys, string act, string content)
    {
        var verified = JsonWebSignature.Verify(signature, Type, keys.Find);
        keys.MustHaveSigned(
            signer, verified.KeyId, verified.SignedAt ?? throw Malformed());
        var payload = Read(verified.Payload);
        return payload["act"]?.ToString() == act && payload["content"]?.ToString() == Hash(content)
            ? SealedHeader.Read(payload) ?? throw Malformed()
            : throw new ProofException(ProofFailure.NotCommitted, "Something else was signed.");
    }

    private static JsonObject Read(byte[] payload)
    {
        try
        {
            return JsonNode.Parse(payload) as JsonObject ?? throw Malformed();
        }
        catch (JsonException)
        {
            throw Malformed();
        }
    }

    private static string Hash(string content) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(content)));

    private static ProofException Malformed() => new(ProofFailure.Malformed, "The signed act is malformed.");
}
