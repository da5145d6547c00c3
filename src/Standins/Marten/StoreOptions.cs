using System.Text.Json;
using System.Text.Json.Serialization;
using JasperFx;
using JasperFx.Events;
using Marten.Documents;
using Marten.Events;
using Marten.Events.Projections;
using Weasel.Core;

namespace Marten;

/// <summary>Settings of a store.</summary>
public class StoreOptions
{
    public StoreOptions() => UseSystemTextJsonForSerialization();

    public string DatabaseSchemaName { get; set; } = "public";

    /// <summary>Everything but None makes missing tables on first use.</summary>
    public AutoCreate AutoCreateSchemaObjects { get; set; } = AutoCreate.CreateOrUpdate;

    public bool DisableNpgsqlLogging { get; set; }

    public IEventStoreOptions Events => EventOptions;

    internal EventStoreOptions EventOptions { get; } = new();

    public ProjectionOptions Projections { get; } = new();

    public SchemaOptions Schema { get; } = new();

    internal Tenancy Tenancy { get; private set; } = new SingleDatabase("");

    internal JsonSerializerOptions Json { get; private set; } = new();

    public void Connection(string connectionString) => Tenancy = new SingleDatabase(connectionString);

    public void MultiTenantedDatabases(Action<IStaticMultiTenancy> configure)
    {
        var tenancy = new StaticTenancy();
        configure(tenancy);
        Tenancy = tenancy;
    }

    public void MultiTenantedWithSingleServer(
        string connectionString, Action<ISingleServerMultiTenancy>? configure = null) =>
        Tenancy = new SingleServerTenancy(connectionString);

    public void UseSystemTextJsonForSerialization(
        EnumStorage enumStorage = EnumStorage.AsInteger,
        Casing casing = Casing.Default,
        Action<JsonSerializerOptions>? configure = null)
    {
        Json = new JsonSerializerOptions
        {
            PropertyNamingPolicy = casing switch
            {
                Casing.CamelCase => JsonNamingPolicy.CamelCase,
                Casing.SnakeCase => JsonNamingPolicy.SnakeCaseLower,
                _ => null,
            },
        };
        if (enumStorage == EnumStorage.AsString)
        {
            Json.Converters.Add(new JsonStringEnumConverter());
        }

        configure?.Invoke(Json);
    }
}

/// <summary>Settings of the event store.</summary>
internal sealed class EventStoreOptions : IEventStoreOptions
{
    public StreamIdentity StreamIdentity { get; set; } = StreamIdentity.AsString;

    public EventAppendMode AppendMode { get; set; } = EventAppendMode.QuickWithServerTimestamps;

    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    public MetadataConfig MetadataConfig { get; } = new();

    internal EventNames Names { get; } = new();

    public void MapEventType<T>(string eventTypeName)
        where T : class => Names.Map(typeof(T), eventTypeName);

    public void Upcast<TOld, TNew>(string eventTypeName, Func<TOld, TNew> upcast)
        where TOld : class
        where TNew : class => Names.Upcast(eventTypeName, upcast);
}

/// <summary>Which metadata is stored; here the columns are always there, and written if switched on.</summary>
public class MetadataConfig
{
    public bool CorrelationIdEnabled { get; set; }

    public bool CausationIdEnabled { get; set; }

    public bool HeadersEnabled { get; set; }

    public bool UserNameEnabled { get; set; }
}

/// <summary>Settings of documents.</summary>
public class SchemaOptions
{
    internal Dictionary<Type, DocumentMapping> Mappings { get; } = [];

    public DocumentMapping<T> For<T>()
        where T : notnull => new(MappingOf(typeof(T)));

    internal DocumentMapping MappingOf(Type type)
    {
        lock (Mappings)
        {
            if (!Mappings.TryGetValue(type, out var mapping))
            {
                Mappings.Add(type, mapping = new DocumentMapping(type));
            }

            return mapping;
        }
    }
}
