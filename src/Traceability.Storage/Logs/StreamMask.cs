using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using JasperFx.Events;
using Traceability.Domain;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>Takes personal data out of what is stored.</summary>
public static class StreamMasking
{
    /// <summary>
    /// Takes the personal data out of the events of a stream. What is taken out is gone for good; the events' leaves
    /// stand, and every event is followed by the record of it.
    /// </summary>
    /// <returns>How many events had something to take out.</returns>
    public static async Task<int> MaskAsync<T>(
        this ActSession session, string stream, string reason, DateTimeOffset now, CancellationToken cancellationToken)
        where T : class, IState<T>
    {
        var documents = await session.DocumentsAsync(cancellationToken);
        var events = await documents.Events.FetchStreamAsync(stream, token: cancellationToken);
        StreamMask[] masks = [.. events.Select(e => StreamMask.Of(e, reason, now)).OfType<StreamMask>()];
        foreach (var (data, record) in masks.Select(mask => (mask.Data, mask.Record)))
        {
            session.Queue(
                $"call {EventDatabases.Schema}.mask_event(?, ?, ?::jsonb)", stream, record.Version, data);
        }

        await session.DecideAsync<T>(stream, _ => [.. masks.Select(mask => mask.Record)], cancellationToken);
        return masks.Length;
    }
}

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
