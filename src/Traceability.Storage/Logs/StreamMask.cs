using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using JasperFx.Events;
using Traceability.Domain;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>An event without its personal data, and the record of that.</summary>
internal sealed record StreamMask(string Data, EventMasked Record)
{
    /// <summary>Null where there is nothing to take out, or nothing any more.</summary>
    public static StreamMask? Of(IEvent e, string reason, DateTimeOffset now)
    {
        var data = JsonSerializer.SerializeToNode(e.Data, e.Data.GetType(), EventJson.Options)!.AsObject();
        string[] fields = [.. Masking.FieldsOf(e.Data).Where(field => IsThere(data[field]))];
        if (fields.Length == 0)
        {
            return null;
        }

        foreach (var field in fields)
        {
            data[field] = Masking.Mask;
        }

        var salt = RandomNumberGenerator.GetBytes(LoggedEvent.SaltBytes);
        var masked = data.ToJsonString();
        var hash = LoggedEvent.PayloadHash(salt, masked);
        return new(
            masked,
            new(e.Version, fields, reason, Convert.ToBase64String(salt), Convert.ToBase64String(hash), now));
    }

    private static bool IsThere(JsonNode? field) =>
        field is not null && field.GetValue<string>() is { Length: > 0 } text && text != Masking.Mask;
}
