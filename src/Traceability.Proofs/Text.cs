using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Traceability.Proofs;

/// <summary>The one spelling of bytes and objects that is accepted.</summary>
internal static class Text
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    /// <summary>
    /// Base64url without padding, white space or stray bits (RFC 7515, section 2): each value has one spelling.
    /// </summary>
    public static byte[] Decode(string text, string what)
    {
        try
        {
            var bytes = Base64Url.DecodeFromChars(text);
            return Encode(bytes) == text ? bytes : throw ProofException.Malformed(what);
        }
        catch (FormatException)
        {
            throw ProofException.Malformed(what);
        }
    }

    public static JsonObject DecodeObject(string text, string what) => ParseObject(Decode(text, what), what);

    public static JsonObject ParseObject(ReadOnlySpan<byte> json, string what) =>
        Parse(json, what) as JsonObject ?? throw ProofException.Malformed(what);

    public static JsonNode? Parse(ReadOnlySpan<byte> json, string what)
    {
        try
        {
            return JsonNode.Parse(json, documentOptions: Strict);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw ProofException.Malformed(what);
        }
    }

    public static string Member(JsonObject json, string name, string what) =>
        json[name] is JsonValue value && value.TryGetValue<string>(out var text)
            ? text
            : throw ProofException.Malformed(what);
}
