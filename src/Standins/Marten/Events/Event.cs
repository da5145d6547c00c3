using System.Collections.Concurrent;
using System.Reflection;
using JasperFx.Events;

namespace Marten.Events;

/// <summary>An event as it is stored or about to be.</summary>
internal sealed class Event<T>(T data, EventEnvelope envelope) : IEvent<T>, IEventEnvelope
    where T : notnull
{
    public T Data { get; } = data;

    object IEvent.Data => Data;

    public EventEnvelope Envelope { get; set; } = envelope;

    public Guid Id => Envelope.Id;

    public long Version => Envelope.Version;

    public long Sequence => Envelope.Sequence;

    public Guid StreamId => Guid.Empty;

    public string? StreamKey => Envelope.StreamKey;

    public DateTimeOffset Timestamp => Envelope.Timestamp;

    public string TenantId => Envelope.TenantId;

    public Type EventType => typeof(T);

    public string EventTypeName => Envelope.EventTypeName;

    public string DotNetTypeName => Envelope.DotNetTypeName;

    public string? CausationId => Envelope.CausationId;

    public string? CorrelationId => Envelope.CorrelationId;

    public string? UserName => Envelope.UserName;

    public Dictionary<string, object>? Headers => Envelope.Headers;

    public bool IsArchived => Envelope.IsArchived;

    public object? GetHeader(string key) => Headers?.GetValueOrDefault(key);
}

/// <summary>Gives access to the metadata of an event whose type is not known.</summary>
internal interface IEventEnvelope
{
    EventEnvelope Envelope { get; set; }
}

/// <summary>Everything about an event but its data.</summary>
internal sealed record EventEnvelope
{
    private static readonly ConcurrentDictionary<Type, Func<object, EventEnvelope, IEvent>> Makers = new();

    public Guid Id { get; init; }

    public long Version { get; init; }

    public long Sequence { get; init; }

    public string? StreamKey { get; init; }

    public DateTimeOffset Timestamp { get; init; }

    public string TenantId { get; init; } = Tenancy.DefaultTenantId;

    public string EventTypeName { get; init; } = "";

    public string DotNetTypeName { get; init; } = "";

    public string? CausationId { get; init; }

    public string? CorrelationId { get; init; }

    public string? UserName { get; init; }

    public Dictionary<string, object>? Headers { get; init; }

    public bool IsArchived { get; init; }

    /// <summary>Puts the envelope around data whose type is known only at run time.</summary>
    public IEvent Around(object data) => Makers.GetOrAdd(data.GetType(), MakerOf)(data, this);

    /// <summary>Reflection once per type: a replay makes millions of events.</summary>
    private static Func<object, EventEnvelope, IEvent> MakerOf(Type type) => typeof(EventEnvelope)
        .GetMethod(nameof(Make), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type)
        .CreateDelegate<Func<object, EventEnvelope, IEvent>>();

    private static Event<T> Make<T>(object data, EventEnvelope envelope)
        where T : notnull => new((T)data, envelope);
}
