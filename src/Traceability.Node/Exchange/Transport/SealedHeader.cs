using System.Text.Json;
using System.Text.Json.Nodes;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Transport;

/// <summary>
/// What goes with a sealed message in its protected header (RFC 7516, section 4.3): the broker sees it and cannot
/// change it, and it knows all of it anyway. Receivers of earlier versions read over it.
/// </summary>
/// <param name="TradeId">The trade it is about.</param>
/// <param name="MessageId">The id under which it was sent; null for a letter, which has none.</param>
/// <param name="Number">Its number in its trade, from its sender; 0 for a letter.</param>
/// <param name="Since">The number from which on the receiver has been sent all.</param>
/// <param name="KeyLog">The newest checkpoint of the key log that the sender was shown.</param>
/// <param name="BrokerLog">That of the broker's log of what it decided.</param>
internal sealed record SealedHeader(
    Guid TradeId, Guid? MessageId, long Number, long Since, string KeyLog, string BrokerLog)
{
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["trade_id"] = $"{TradeId}",
            ["key_log"] = KeyLog,
            ["broker_log"] = BrokerLog,
        };
        if (MessageId is { } id)
        {
            json["message_id"] = $"{id}";
            json["number"] = Number;
            json["since"] = Since;
        }

        return json;
    }

    /// <summary>Null from a sender of an earlier version.</summary>
    public static SealedHeader? Read(JsonObject header)
    {
        if (!header.ContainsKey("trade_id"))
        {
            return null;
        }

        try
        {
            return new(
                Guid.Parse(header["trade_id"]!.GetValue<string>()),
                header["message_id"] is { } id ? Guid.Parse(id.GetValue<string>()) : null,
                header["number"]?.GetValue<long>() ?? 0, header["since"]?.GetValue<long>() ?? 0,
                header["key_log"]?.GetValue<string>() ?? "", header["broker_log"]?.GetValue<string>() ?? "");
        }
        catch (Exception exception) when (
            exception is FormatException or InvalidOperationException or JsonException or NullReferenceException)
        {
            throw new ProofException(ProofFailure.Malformed, "Malformed header of a sealed message.");
        }
    }
}
