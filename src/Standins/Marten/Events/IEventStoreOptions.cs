using JasperFx.Events;

namespace Marten.Events;

/// <summary>Settings of the event store.</summary>
public interface IEventStoreOptions
{
    /// <summary>Only <see cref="StreamIdentity.AsString"/> is implemented.</summary>
    StreamIdentity StreamIdentity { get; set; }

    EventAppendMode AppendMode { get; set; }

    TimeProvider TimeProvider { get; set; }

    MetadataConfig MetadataConfig { get; }

    void MapEventType<TEvent>(string eventTypeName)
        where TEvent : class;

    void Upcast<TOld, TNew>(string eventTypeName, Func<TOld, TNew> upcast)
        where TOld : class
        where TNew : class;
}
