using System.Text.Json;
using JasperFx.Events;
using Marten.Events;
using Marten.Exceptions;
using Marten.Schema;
using Marten.Storage;
using Npgsql;

namespace Marten.Sessions;

/// <summary>One unit of work on one database.</summary>
internal sealed class Session(StoreOptions options, MartenDatabase database, string tenantId)
    : IDocumentSession, IAdvancedSql
{
    private readonly List<Func<IEnumerable<Operation>>> _documents = [];
    private readonly List<Operation> _commands = [];
    private readonly HashSet<Type> _documentTypes = [];
    private Dictionary<string, object>? _headers;
    private SessionEvents? _events;

    public string TenantId { get; } = tenantId;

    public string? CorrelationId { get; set; }

    public string? CausationId { get; set; }

    public string? LastModifiedBy { get; set; }

    public IEventStoreOperations Events => _events ??= new SessionEvents(options, database, this);

    IQueryEventStore IQuerySession.Events => Events;

    public IAdvancedSql AdvancedSql => this;

    public Dictionary<string, object>? Headers => _headers;

    public void SetHeader(string key, object value) => (_headers ??= [])[key] = value;

    public async Task<T?> LoadAsync<T>(string id, CancellationToken token = default)
        where T : notnull
    {
        var found = await SelectAsync<T>("where id = $1", [Operation.Text(id)], token);
        return found.Count == 0 ? default : found[0];
    }

    public Task<IReadOnlyList<T>> LoadManyAsync<T>(params string[] ids)
        where T : notnull =>
        SelectAsync<T>("where id = any($1)", [Operation.Parameter(ids)], CancellationToken.None);

    public Task<IReadOnlyList<T>> QueryAsync<T>(string sql, params object[] parameters) =>
        QueryAsync<T>(sql, CancellationToken.None, parameters);

    public Task<IReadOnlyList<T>> QueryAsync<T>(string sql, CancellationToken token, params object[] parameters) =>
        SelectAsync<T>(Operation.Positional(sql), [.. parameters.Select(Operation.Parameter)], token);

    public async Task<IReadOnlyList<(T1 First, T2 Second)>> QueryAsync<T1, T2>(
        string sql, CancellationToken token, params object[] parameters)
    {
        await database.EnsureEventsAsync();
        await using var command = database.Connections.CreateCommand(Operation.Positional(sql));
        command.Parameters.AddRange(parameters.Select(Operation.Parameter).ToArray());
        await using var reader = await command.ExecuteReaderAsync(token);
        List<(T1, T2)> rows = [];
        while (await reader.ReadAsync(token))
        {
            rows.Add((reader.GetFieldValue<ValueTuple<T1>>(0).Item1, reader.GetFieldValue<ValueTuple<T2>>(1).Item1));
        }

        return rows;
    }

    public async Task<DocumentMetadata> MetadataForAsync<T>(T entity, CancellationToken token = default)
        where T : notnull
    {
        var mapping = options.Schema.MappingOf(typeof(T));
        await using var command = database.Connections.CreateCommand(
            $"select mt_version::text, mt_last_modified from {options.DatabaseSchemaName}.{mapping.Table} where id = $1");
        command.Parameters.Add(Operation.Text(mapping.IdOf(entity)));
        await using var reader = await command.ExecuteReaderAsync(token);
        await reader.ReadAsync(token);
        var revision = mapping.UsesRevisions ? long.Parse(reader.GetString(0)) : 0;
        return new(mapping.IdOf(entity), revision, reader.GetFieldValue<DateTimeOffset>(1));
    }

    public void Store<T>(params T[] entities)
        where T : notnull => Add(entities, document => DocumentOperations.Store(options, document));

    public void Insert<T>(params T[] entities)
        where T : notnull => Add(entities, document => DocumentOperations.Insert(options, document));

    public void Update<T>(params T[] entities)
        where T : notnull => Add(entities, document => DocumentOperations.Update(options, document));

    public void UpdateRevision<T>(T entity, long revision)
        where T : notnull =>
        Add([entity], document => DocumentOperations.UpdateRevision(options, document, revision));

    public void Delete<T>(string id)
        where T : notnull
    {
        _documentTypes.Add(typeof(T));
        _documents.Add(() => [DocumentOperations.Delete(options, typeof(T), id)]);
    }

    /// <summary>One statement; a semicolon may only end it, as the package has it.</summary>
    public void QueueSqlCommand(string sql, params object[] parameterValues)
    {
        var one = sql.TrimEnd(';');
        if (one.Contains(';', StringComparison.Ordinal))
        {
            throw new ArgumentOutOfRangeException(nameof(sql), "You must specify one SQL command at a time");
        }

        _commands.Add(Operation.Sql(one, parameterValues));
    }

    public void EjectAllPendingChanges()
    {
        _documents.Clear();
        _commands.Clear();
        _events?.Clear();
    }

    /// <summary>One batch, one round trip, one transaction. What failed is kept.</summary>
    public async Task SaveChangesAsync(CancellationToken token = default)
    {
        var streams = _events?.Pending() ?? [];
        if (streams.Count > 0)
        {
            await database.EnsureEventsAsync();
            await ProjectAsync(streams, token);
        }

        foreach (var type in _documentTypes)
        {
            await database.EnsureDocumentAsync(type);
        }

        Operation[] operations =
        [
            .. streams.SelectMany(stream => AppendOperation.Of(options, stream, TenantId)),
            .. _documents.SelectMany(document => document()),
            .. _commands,
        ];
        if (operations.Length > 0)
        {
            await ExecuteAsync(operations, token);
        }

        foreach (var stream in streams)
        {
            stream.NumberEvents();
        }

        EjectAllPendingChanges();
    }

    public void Dispose() => EjectAllPendingChanges();

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Add<T>(T[] entities, Func<object, IEnumerable<Operation>> write)
        where T : notnull
    {
        _documentTypes.Add(typeof(T));
        foreach (var entity in entities)
        {
            _documents.Add(() => write(entity));
        }
    }

    private async Task ProjectAsync(IReadOnlyList<StreamAction> streams, CancellationToken token)
    {
        IEvent[] events = [.. streams.SelectMany(stream => stream.Events)];
        foreach (var projection in options.Projections.Inline)
        {
            await projection.ApplyAsync(this, events, token);
        }
    }

    private async Task ExecuteAsync(Operation[] operations, CancellationToken token)
    {
        await using var connection = await database.Connections.OpenConnectionAsync(token);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var operation in operations)
        {
            batch.BatchCommands.Add(operation.Command);
        }

        try
        {
            await batch.ExecuteNonQueryAsync(token);
        }
        catch (PostgresException failure)
        {
            var failed = operations.FirstOrDefault(operation => operation.Command == failure.BatchCommand);
            var translated = failed?.OnFailure(failure) ?? new MartenCommandException(failure);
            throw await IsAnotherTenantsAsync(translated) ? new MartenCommandException(failure) : translated;
        }
        finally
        {
            // A command belongs to one batch; after a failure it is wanted again.
            batch.BatchCommands.Clear();
        }
    }

    /// <summary>A stream of another tenant in this database is no lost race: trying again would not help.</summary>
    private async Task<bool> IsAnotherTenantsAsync(Exception exception)
    {
        if (exception is not EventStreamUnexpectedMaxEventIdException { Id: string key })
        {
            return false;
        }

        await using var command = database.Connections.CreateCommand(
            $"select 1 from {options.DatabaseSchemaName}.mt_streams where id = $1 and tenant_id <> $2");
        command.Parameters.Add(Operation.Text(key));
        command.Parameters.Add(Operation.Text(TenantId));
        return await command.ExecuteScalarAsync() is not null;
    }

    private async Task<IReadOnlyList<T>> SelectAsync<T>(string sql, NpgsqlParameter[] parameters, CancellationToken token)
    {
        var isWhole = sql.TrimStart().StartsWith("select", StringComparison.OrdinalIgnoreCase);
        var isEvent = typeof(T) == typeof(IEvent);
        var isScalar = typeof(T).IsPrimitive || Scalars.Contains(typeof(T));
        await (isEvent || isScalar ? database.EnsureEventsAsync() : database.EnsureDocumentAsync(typeof(T)));

        var head = isWhole ? "" : isEvent ? EventReader.Select(options) : SelectDocuments(typeof(T));
        await using var command = database.Connections.CreateCommand(head + sql);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(token);
        if (isEvent)
        {
            return [.. (await EventReader.ReadAsync(reader, options, token)).Cast<T>()];
        }

        List<T> rows = [];
        while (await reader.ReadAsync(token))
        {
            rows.Add(isScalar
                ? reader.GetFieldValue<T>(0)
                : JsonSerializer.Deserialize<T>(reader.GetFieldValue<byte[]>(0), options.Json)!);
        }

        return rows;
    }

    private static readonly HashSet<Type> Scalars =
        [typeof(string), typeof(decimal), typeof(Guid), typeof(DateTimeOffset), typeof(byte[])];

    private string SelectDocuments(Type type) =>
        $"select d.data from {options.DatabaseSchemaName}.{options.Schema.MappingOf(type).Table} as d ";
}
