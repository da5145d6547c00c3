namespace JasperFx.Events
{
    /// <summary>What a stream is known by.</summary>
    public enum StreamIdentity
    {
        AsGuid,
        AsString,
    }

    /// <summary>How events are appended; only the default is implemented.</summary>
    public enum EventAppendMode
    {
        Rich,
        Quick,
        QuickWithServerTimestamps,
    }

    /// <summary>An event with its metadata.</summary>
    public interface IEvent
    {
        Guid Id { get; }

        long Version { get; }

        long Sequence { get; }

        object Data { get; }

        Guid StreamId { get; }

        string? StreamKey { get; }

        DateTimeOffset Timestamp { get; }

        string TenantId { get; }

        Type EventType { get; }

        string EventTypeName { get; }

        string DotNetTypeName { get; }

        string? CausationId { get; }

        string? CorrelationId { get; }

        string? UserName { get; }

        Dictionary<string, object>? Headers { get; }

        bool IsArchived { get; }

        object? GetHeader(string key);
    }

    /// <summary>An event of a known type.</summary>
    public interface IEvent<out T> : IEvent
        where T : notnull
    {
        new T Data { get; }
    }

    /// <summary>What is known of a stream without reading its events.</summary>
    public record StreamState(
        string Key, long Version, Type? AggregateType, DateTimeOffset LastTimestamp, DateTimeOffset Created);

    /// <summary>A stream that was read in order to append to it.</summary>
    public interface IEventStream<out T>
        where T : notnull
    {
        T? Aggregate { get; }

        long? StartingVersion { get; }

        /// <summary>Counts what was appended.</summary>
        long? CurrentVersion { get; }

        Guid Id { get; }

        string Key { get; }

        IReadOnlyList<IEvent> Events { get; }

        void AppendOne(object @event);

        void AppendMany(params object[] events);

        void AppendMany(IEnumerable<object> events);
    }
}

namespace JasperFx.Events.Projections
{
    /// <summary>When a projection runs.</summary>
    public enum ProjectionLifecycle
    {
        Inline,
        Async,
        Live,
    }
}

namespace Weasel.Core
{
    /// <summary>How enums are stored in JSON.</summary>
    public enum EnumStorage
    {
        AsInteger,
        AsString,
    }

    /// <summary>How members are named in JSON.</summary>
    public enum Casing
    {
        Default,
        CamelCase,
        SnakeCase,
    }
}
