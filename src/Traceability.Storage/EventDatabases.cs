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
    private readonly string? _owner;
    private readonly TimeProvider _clock;
    private readonly LeafListener _leaves = new();
    private readonly DocumentStore _store;

    /// <param name="server">
    /// Npgsql connection string of the server, with the role that reads and appends; databases are made as needed.
    /// </param>
    /// <param name="clock">Gives events their time.</param>
    /// <param name="owner">
    /// With the role that makes databases and tables, and gives the other its rights. Null: one role does all.
    /// </param>
    public EventDatabases(string server, TimeProvider clock, string? owner = null)
    {
        (_server, _owner, _clock) = (Pooled(server), owner, clock);
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
        await using (var owner = await DatabaseOwner.OpenAsync(_server, _owner, name, cancellationToken))
        {
            await MigrateAsync(owner, name, cancellationToken);
        }

        var marten = (MartenDatabase)await _store.Storage.FindOrCreateDatabase(name);
        _leaves.Vouch(name, keys);
        var mayRewrite = await Migrations.MayRewriteAsync(marten.DataSource, cancellationToken);
        return new(_store, Bulk, marten.DataSource, name, keys) { MayRewriteHistory = mayRewrite };
    }

    /// <summary>
    /// Empties all read models and makes them anew from the events, as their owner. Nobody may write meanwhile.
    /// </summary>
    public async Task RebuildReadModelsAsync(string name, CancellationToken cancellationToken)
    {
        await using var owner = await DatabaseOwner.OpenAsync(_server, _owner, name, cancellationToken);
        await RebuildReadModelsAsync(owner, name, cancellationToken);
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private BulkWriter Bulk => new(_store, _leaves, _clock);

    private async Task MigrateAsync(DatabaseOwner owner, string name, CancellationToken cancellationToken)
    {
        if (!await owner.MayMigrateAsync(cancellationToken))
        {
            await Migrations.MustBeDoneAsync(owner.Source, name, cancellationToken);
            return;
        }

        await using var turn = await Migrations.TakeTurnAsync(owner.Source, cancellationToken);
        await Migrations.BeforeMartenAsync(owner.Source, cancellationToken);
        await new MartenDatabase(_store.Options, owner.Source, name)
            .ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate, ct: cancellationToken);
        await Migrations.ApplyAsync(owner.Source, cancellationToken);
        await owner.GrantAsync(ReadModel.All.Select(model => Bulk.TableOf(model.Type)), cancellationToken);
        if (await Migrations.AreReadModelsStaleAsync(owner.Source, cancellationToken))
        {
            await RebuildReadModelsAsync(owner, name, cancellationToken);
            await Migrations.ReadModelsAreFreshAsync(owner.Source, cancellationToken);
        }
    }

    private Task RebuildReadModelsAsync(DatabaseOwner owner, string name, CancellationToken cancellationToken) =>
        new ReadModelRebuild(_store, Bulk).RunAsync(owner.Source, name, cancellationToken);

    private void Configure(StoreOptions options)
    {
        options.MultiTenantedWithSingleServer(_server);
        options.DatabaseSchemaName = Schema;
        // Tables are made when a database is opened, by their owner.
        options.AutoCreateSchemaObjects = AutoCreate.None;
        options.DisableNpgsqlLogging = true;
        options.UseSystemTextJsonForSerialization(
            EnumStorage.AsString, Casing.CamelCase, json => json.IgnoreReadOnlyProperties = true);
        options.RegisterValueType<OperatorId>();
        options.RegisterValueType<TraceId>();
        options.RegisterValueType<TradeId>();
        options.RegisterValueType<MessageId>();
        ConfigureEvents(options.Events);
        Fold<Operator>.Add(options);
        Fold<NumberedOperator>.Add(options).Index(number => number.OperatorId);
        Fold<Acquaintance>.Add(options).Index(pair => pair.OneId).Index(pair => pair.OtherId);
        Fold<Invitation>.Add(options).Index(invitation => invitation.InviterId);
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
