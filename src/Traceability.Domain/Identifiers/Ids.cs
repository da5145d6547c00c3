using System.Text.Json;
using System.Text.Json.Serialization;

#pragma warning disable CA1036 // Ids are put in an order so that it is always the same; no id is smaller than another.
namespace Traceability.Domain.Identifiers;

/// <summary>A UUID that says what it identifies: a part cannot be passed where a trade is meant.</summary>
public interface IId<TSelf> : IComparable<TSelf>
    where TSelf : struct, IId<TSelf>
{
    Guid Value { get; }

    static abstract TSelf Of(Guid value);
}

/// <summary>A company of the federation.</summary>
[JsonConverter(typeof(IdJson<OperatorId>))]
public readonly record struct OperatorId(Guid Value) : IId<OperatorId>
{
    public static OperatorId Of(Guid value) => new(value);

    public int CompareTo(OperatorId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>A part, in the node of the company that makes or buys it.</summary>
[JsonConverter(typeof(IdJson<TraceId>))]
public readonly record struct TraceId(Guid Value) : IId<TraceId>
{
    public static TraceId Of(Guid value) => new(value);

    public int CompareTo(TraceId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>A trade, for both sides and the broker.</summary>
[JsonConverter(typeof(IdJson<TradeId>))]
public readonly record struct TradeId(Guid Value) : IId<TradeId>
{
    public static TradeId Of(Guid value) => new(value);

    public int CompareTo(TradeId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>
/// A message on its way through the broker; the sender chooses it, so that a repeat is no second one.
/// </summary>
[JsonConverter(typeof(IdJson<MessageId>))]
public readonly record struct MessageId(Guid Value) : IId<MessageId>
{
    public static MessageId Of(Guid value) => new(value);

    public int CompareTo(MessageId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>In JSON an id is the UUID as text.</summary>
public sealed class IdJson<TId> : JsonConverter<TId>
    where TId : struct, IId<TId>
{
    public override TId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TId.Of(reader.GetGuid());

    public override void Write(Utf8JsonWriter writer, TId value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value);
}
