using JasperFx.Events;
using Marten.Storage;

namespace Marten
{
    /// <summary>Reads.</summary>
    public interface IQuerySession : IAsyncDisposable, IDisposable
    {
        string TenantId { get; }

        Events.IQueryEventStore Events { get; }

        IAdvancedSql AdvancedSql { get; }

        Task<T?> LoadAsync<T>(string id, CancellationToken token = default)
            where T : notnull;

        Task<IReadOnlyList<T>> LoadManyAsync<T>(params string[] ids)
            where T : notnull;

        Task<IReadOnlyList<T>> QueryAsync<T>(string sql, params object[] parameters);

        Task<IReadOnlyList<T>> QueryAsync<T>(string sql, CancellationToken token, params object[] parameters);

        Task<DocumentMetadata> MetadataForAsync<T>(T entity, CancellationToken token = default)
            where T : notnull;
    }

    /// <summary>Reads, and collects what is to be written.</summary>
    public interface IDocumentOperations : IQuerySession
    {
        new Events.IEventStoreOperations Events { get; }

        string? CorrelationId { get; set; }

        string? CausationId { get; set; }

        string? LastModifiedBy { get; set; }

        void SetHeader(string key, object value);

        void Store<T>(params T[] entities)
            where T : notnull;

        void Insert<T>(params T[] entities)
            where T : notnull;

        void Update<T>(params T[] entities)
            where T : notnull;

        void UpdateRevision<T>(T entity, long revision)
            where T : notnull;

        void Delete<T>(string id)
            where T : notnull;

        void QueueSqlCommand(string sql, params object[] parameterValues);
    }

    /// <summary>Writes all that was collected in one transaction.</summary>
    public interface IDocumentSession : IDocumentOperations
    {
        Task SaveChangesAsync(CancellationToken token = default);

        void EjectAllPendingChanges();
    }

    /// <summary>Queries of several columns.</summary>
    public interface IAdvancedSql
    {
        Task<IReadOnlyList<(T1 First, T2 Second)>> QueryAsync<T1, T2>(
            string sql, CancellationToken token, params object[] parameters);
    }

    /// <summary>Opens sessions.</summary>
    public interface IDocumentStore : IDisposable, IAsyncDisposable
    {
        IMartenStorage Storage { get; }

        IDocumentSession LightweightSession(
            System.Data.IsolationLevel isolationLevel = System.Data.IsolationLevel.ReadCommitted);

        IDocumentSession LightweightSession(
            string tenantId, System.Data.IsolationLevel isolationLevel = System.Data.IsolationLevel.ReadCommitted);

        IQuerySession QuerySession();

        IQuerySession QuerySession(string tenantId);
    }
}

namespace Marten.Storage
{
    /// <summary>What the store knows of a stored document.</summary>
    public record DocumentMetadata(object Id, long CurrentRevision, DateTimeOffset LastModified);

    /// <summary>The schema of the store.</summary>
    public interface IMartenStorage
    {
        Task ApplyAllConfiguredChangesToDatabaseAsync(JasperFx.AutoCreate? @override = null);
    }
}

namespace Marten.Events
{
    /// <summary>Reads streams.</summary>
    public interface IQueryEventStore
    {
        Task<IReadOnlyList<IEvent>> FetchStreamAsync(
            string streamKey,
            long version = 0,
            DateTimeOffset? timestamp = null,
            long fromVersion = 0,
            CancellationToken token = default);

        Task<T?> AggregateStreamAsync<T>(
            string streamKey,
            long version = 0,
            DateTimeOffset? timestamp = null,
            T? state = null,
            long fromVersion = 0,
            CancellationToken token = default)
            where T : class;

        Task<StreamState?> FetchStreamStateAsync(string streamKey, CancellationToken token = default);

        Task<IEvent?> LoadAsync(Guid id, CancellationToken token = default);
    }

    /// <summary>Reads streams, and collects events to append.</summary>
    public interface IEventStoreOperations : IQueryEventStore
    {
        StreamAction StartStream<T>(string streamKey, params object[] events)
            where T : class;

        StreamAction StartStream<T>(string streamKey, IEnumerable<object> events)
            where T : class;

        StreamAction Append(string stream, params object[] events);

        StreamAction Append(string stream, IEnumerable<object> events);

        StreamAction Append(string stream, long expectedVersion, params object[] events);

        Task AppendOptimistic(string streamKey, params object[] events);

        Task<IEventStream<T>> FetchForWriting<T>(string key, CancellationToken cancellation = default)
            where T : class;

        Task<IEventStream<T>> FetchForWriting<T>(
            string key, long expectedVersion, CancellationToken cancellation = default)
            where T : class;
    }
}
