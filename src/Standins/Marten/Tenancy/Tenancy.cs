using System.Collections.Concurrent;
using JasperFx.MultiTenancy;
using Marten.Exceptions;
using Marten.Schema;
using Npgsql;

namespace Marten;

/// <summary>Names tenants that have a database of their own.</summary>
public interface IStaticMultiTenancy
{
    void AddSingleTenantDatabase(string connectionString, string tenantId);
}

/// <summary>Tenants whose databases carry their names; nothing to set here.</summary>
public interface ISingleServerMultiTenancy;

/// <summary>Which database holds the data of a tenant.</summary>
internal abstract class Tenancy : IAsyncDisposable
{
    public const string DefaultTenantId = "*DEFAULT*";

    private readonly ConcurrentDictionary<string, MartenDatabase> _databases = new(StringComparer.Ordinal);

    public MartenDatabase DatabaseOf(string tenantId, StoreOptions options) =>
        _databases.TryGetValue(tenantId, out var database)
            ? database
            : _databases.GetOrAdd(tenantId, Make(tenantId, options));

    /// <summary>Every database that is known so far.</summary>
    public virtual IEnumerable<MartenDatabase> All(StoreOptions options) => _databases.Values;

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _databases.Values)
        {
            await database.DisposeAsync();
        }
    }

    protected abstract MartenDatabase Make(string tenantId, StoreOptions options);

    protected static string Pooled(string connectionString)
    {
        // Which statement of a batch failed decides what its failure means.
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { IncludeFailedBatchedCommand = true };
        if (settings.MaxAutoPrepare == 0)
        {
            // The statements are few and always the same.
            settings.MaxAutoPrepare = 64;
        }

        return settings.ConnectionString;
    }
}

/// <summary>No tenants.</summary>
internal sealed class SingleDatabase(string connectionString) : Tenancy
{
    public override IEnumerable<MartenDatabase> All(StoreOptions options) => [DatabaseOf(DefaultTenantId, options)];

    protected override MartenDatabase Make(string tenantId, StoreOptions options) =>
        new(Pooled(connectionString), null, options);
}

/// <summary>A fixed list of tenants.</summary>
internal sealed class StaticTenancy : Tenancy, IStaticMultiTenancy
{
    private readonly Dictionary<string, string> _connectionStrings = new(StringComparer.Ordinal);

    public void AddSingleTenantDatabase(string connectionString, string tenantId) =>
        _connectionStrings.Add(tenantId, connectionString);

    public override IEnumerable<MartenDatabase> All(StoreOptions options) =>
        _connectionStrings.Keys.Select(tenantId => DatabaseOf(tenantId, options));

    protected override MartenDatabase Make(string tenantId, StoreOptions options)
    {
        if (tenantId == DefaultTenantId)
        {
            throw new DefaultTenantUsageDisabledException();
        }

        return _connectionStrings.TryGetValue(tenantId, out var connectionString)
            ? new MartenDatabase(Pooled(connectionString), null, options)
            : throw new UnknownTenantIdException(tenantId);
    }
}

/// <summary>A database per tenant on one server, named as the tenant and made on first use.</summary>
internal sealed class SingleServerTenancy(string server) : Tenancy, ISingleServerMultiTenancy
{
    protected override MartenDatabase Make(string tenantId, StoreOptions options)
    {
        if (tenantId == DefaultTenantId)
        {
            return new MartenDatabase(Pooled(server), null, options);
        }

        var settings = new NpgsqlConnectionStringBuilder(server) { Database = tenantId };
        return new MartenDatabase(Pooled(settings.ConnectionString), server, options);
    }
}
