using System.Data;
using JasperFx;
using Marten.Sessions;
using Marten.Storage;

namespace Marten;

/// <summary>Opens sessions on the databases of the tenants. One per process.</summary>
public sealed class DocumentStore : IDocumentStore, IMartenStorage
{
    private readonly StoreOptions _options;

    private DocumentStore(StoreOptions options) => _options = options;

    public IMartenStorage Storage => this;

    public static DocumentStore For(Action<StoreOptions> configure)
    {
        var options = new StoreOptions();
        configure(options);
        return new DocumentStore(options);
    }

    public IDocumentSession LightweightSession(IsolationLevel isolationLevel = IsolationLevel.ReadCommitted) =>
        LightweightSession(Tenancy.DefaultTenantId, isolationLevel);

    public IDocumentSession LightweightSession(
        string tenantId, IsolationLevel isolationLevel = IsolationLevel.ReadCommitted) =>
        isolationLevel == IsolationLevel.ReadCommitted
            ? Open(tenantId)
            : throw new NotSupportedException("Sessions read committed data here.");

    public IQuerySession QuerySession() => Open(Tenancy.DefaultTenantId);

    public IQuerySession QuerySession(string tenantId) => Open(tenantId);

    public async Task ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate? @override = null)
    {
        foreach (var database in _options.Tenancy.All(_options))
        {
            await database.EnsureAllAsync();
        }
    }

    public void Dispose() => _options.Tenancy.DisposeAsync().AsTask().Wait();

    public ValueTask DisposeAsync() => _options.Tenancy.DisposeAsync();

    private Session Open(string tenantId) => new(_options, _options.Tenancy.DatabaseOf(tenantId, _options), tenantId);
}
