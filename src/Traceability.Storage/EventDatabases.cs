using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events;
using Marten.Storage;
using Npgsql;
using Traceability.Domain;
using Traceability.Domain.Audits;
using Traceability.Domain.Certificates;
using Traceability.Domain.Companies;
using Traceability.Domain.Footprints;
using Traceability.Domain.Operators;
using Traceability.Domain.Parts;
using Traceability.Domain.Products;
using Traceability.Domain.Releases;
using Traceability.Domain.Statements;
using Traceability.Domain.Trades;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;
using Weasel.Core;

namespace Traceability.Storage;

/// <summary>
/// The databases of this process: Marten's store with one database per operator, or one for a broker. How Marten is set
/// up stands here and nowhere else.
/// </summary>
public sealed class EventDatabases : IAsyncDisposable
{
    public const string Schema = "traceability";

    private readonly string _server;
    private readonly TimeProvider _clock;
    private readonly LeafListener _leaves = new();
    private readonly DocumentStore _store;

    /// <param name="server">Npgsql connection string of the server; databases are made on it as needed.</param>
    /// <param name="clock">Gives events their time.</param>
    public EventDatabases(string server, TimeProvider clock)
    {
        (_server, _clock) = (Pooled(server), clock);
        _store = DocumentStore.For(options =>
        {
            Configure(options);
            // What a session has fetched is not read again to project upon it.
            options.Events.UseIdentityMapForAggregates = true;
            options.Listeners.Add(_leaves);
        });
    }

    /// <summary>The database of an operator.</summary>
    public static string NameOf(OperatorId operatorId) => $"operator_{operatorId.Value:n}";

    /// <summary>
    /// Makes the database and its tables, or brings them up to date. Several processes may do so at once.
    /// </summary>
    /// <param name="name">The database.</param>
    /// <param name="keys">
    /// With which this process vouches for what it writes; a database administrator has them not. Null: its events do
    /// not become leaves of a log.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<EventDatabase> OpenAsync(string name, LogKeys? keys, CancellationToken cancellationToken)
    {
        var marten = (MartenDatabase)await _store.Storage.FindOrCreateDatabase(name);
        await using var turn = await Migrations.TakeTurnAsync(marten.DataSource, cancellationToken);
        await Migrations.BeforeMartenAsync(marten.DataSource, cancellationToken);
        await marten.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate, ct: cancellationToken);
        await Migrations.ApplyAsync(marten.DataSource, cancellationToken);
        if (await Migrations.AreReadModelsStaleAsync(marten.DataSource, cancellationToken))
        {
            await RebuildReadModelsAsync(name, cancellationToken);
            await Migrations.ReadModelsAreFreshAsync(marten.DataSource, cancellationToken);
        }

        _leaves.Vouch(name, keys);
        return new(_store, new(_store, _leaves, _clock), marten.DataSource, name, keys);
    }

    /// <summary>Empties all read models and makes them anew from the events. Nobody may write meanwhile.</summary>
    public Task RebuildReadModelsAsync(string name, CancellationToken cancellationToken) =>
        new ReadModelRebuild(_store, new(_store, _leaves, _clock)).RunAsync(name, cancellationToken);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private void Configure(StoreOptions options)
    {
        options.MultiTenantedWithSingleServer(_server);
        options.DatabaseSchemaName = Schema;
        options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
        options.DisableNpgsqlLogging = true;
        options.UseSystemTextJsonForSerialization(
            EnumStorage.AsString, Casing.CamelCase, json => json.IgnoreReadOnlyProperties = true);
        options.RegisterValueType<OperatorId>();
        options.RegisterValueType<TraceId>();
        options.RegisterValueType<TradeId>();
        options.RegisterValueType<MessageId>();
        ConfigureEvents(options.Events);
        Fold<Operator>.Add(options);
        Fold<Part>.Add(options).Index(part => part.PartNumber).Index(part => part.Name)
            .IgnoreIndex(Migrations.PartNumberWriting);
        Fold<BillOfMaterials>.Add(options);
        Fold<Trade>.Add(options).Index(trade => trade.DueAt!);
        Fold<Release>.Add(options);
        Fold<Footprint>.Add(options);
        Fold<Certificate>.Add(options).Index(certificate => certificate.TraceId);
        Fold<Statement>.Add(options);
        Fold<Disclosure>.Add(options).Index(disclosure => disclosure.TradeId);
        Fold<UpstreamTotal>.Add(options);
        Fold<ProductFacts>.Add(options);
        Fold<IssuedExport>.Add(options).Index(export => export.TraceId);
        Fold<AuditGrant>.Add(options).Index(grant => grant.AuditorId);
        Fold<AuditRead>.Add(options);
        Fold<Company>.Add(options);
        options.Projections.Add(new Links(), ProjectionLifecycle.Inline);
    }

    private void ConfigureEvents(IEventStoreOptions events)
    {
        events.StreamIdentity = StreamIdentity.AsString;
        events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        events.TimeProvider = _clock;
        events.MetadataConfig.CorrelationIdEnabled = true;
        events.MetadataConfig.CausationIdEnabled = true;
        events.MetadataConfig.HeadersEnabled = true;
        events.MetadataConfig.UserNameEnabled = true;
        foreach (var (name, type) in EventNames.Streams.SelectMany(stream => stream.Events))
        {
            events.MapEventType(type, name);
        }
    }

    /// <summary>
    /// A process may host hundreds of operators, each with its own database: an idle one holds no connection for long,
    /// and a busy one does not take those of all others. Nothing here leaves a connection changed, so none is reset.
    /// </summary>
    private static string Pooled(string server) => new NpgsqlConnectionStringBuilder(server)
    {
        MaxPoolSize = 20,
        MaxAutoPrepare = 64,
        NoResetOnClose = true,
        ConnectionIdleLifetime = 10,
        ConnectionPruningInterval = 5,
    }.ConnectionString;
}
