using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Traceability.Proofs;

/// <summary>
/// One form for every JSON value, whatever its spacing and the order of its members: members by name, nothing between
/// them, numbers as they are written. A database that keeps JSON in a form of its own gives the same bytes.
/// </summary>
public static class CanonicalJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Of(string json)
    {
        using var document = JsonDocument.Parse(json);
        var bytes = new ArrayBufferWriter<byte>(json.Length);
        using (var writer = new Utf8JsonWriter(bytes, Options))
        {
            Write(document.RootElement, writer);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(JsonElement element, Utf8JsonWriter writer)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                // A name is made a text each time it is asked for: every event comes through here.
                foreach (var (name, value) in element.EnumerateObject().Select(member => (member.Name, member.Value))
                    .OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(name);
                    Write(value, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(item, writer);
                }

                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
