namespace JasperFx
{
    /// <summary>How far the store may change the schema.</summary>
    public enum AutoCreate
    {
        All,
        CreateOrUpdate,
        CreateOnly,
        None,
    }

    /// <summary>Somebody else was faster.</summary>
    public class ConcurrencyException(string message, Type? docType, object? id) : Exception(message)
    {
        public string? DocType { get; } = docType?.FullName;

        public object? Id { get; } = id;
    }

    /// <summary>A document that was to be new is there.</summary>
    public class DocumentAlreadyExistsException(Exception? inner, Type docType, object id)
        : Exception($"Document already exists {docType.FullName}: {id}", inner);
}

namespace JasperFx.MultiTenancy
{
    /// <summary>Nobody registered this tenant.</summary>
    public class UnknownTenantIdException(string tenantId) : Exception($"Unknown tenant id '{tenantId}'");
}

namespace JasperFx.Events
{
    /// <summary>The stream moved on since it was read.</summary>
    public class EventStreamUnexpectedMaxEventIdException(object id, Type? aggregateType, long expected, long actual)
        : ConcurrencyException(
            $"Unexpected starting version number for event stream '{id}', expected {expected} but was {actual}",
            aggregateType,
            id);

    /// <summary>A stream begins with an event.</summary>
    public class EmptyEventStreamException(string key)
        : Exception($"A new event stream ('{key}') cannot be started without any events");
}

namespace Marten.Exceptions
{
    /// <summary>What the store itself complains about.</summary>
    public class MartenException(string message, Exception? inner = null) : Exception(message, inner);

    /// <summary>A stream that was to be new is there.</summary>
    public class ExistingStreamIdCollisionException(object id, Type? aggregateType, Exception? inner = null)
        : MartenException($"Stream #{id} already exists in the database", inner)
    {
        public object Id { get; } = id;

        public Type? AggregateType { get; } = aggregateType;
    }

    /// <summary>A stream that was to be there is not.</summary>
    public class NonExistentStreamException(object id) : MartenException($"Stream #{id} does not exist");

    /// <summary>A command failed; the cause is inside.</summary>
    public class MartenCommandException(Exception inner)
        : MartenException($"Marten Command Failure: {inner.Message}", inner);

    /// <summary>An event's name that nothing in this program reads.</summary>
    public class UnknownEventTypeException(string eventTypeName)
        : MartenException($"Unknown event type name alias '{eventTypeName}'. You may need to register this event type.");

    /// <summary>With a database per tenant, the tenant must be named.</summary>
    public class DefaultTenantUsageDisabledException()
        : MartenException("Default tenant usage is disabled: name the tenant when opening the session.");
}
