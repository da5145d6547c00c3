using JasperFx.Events;
using Marten;
using Npgsql;
using NpgsqlTypes;
using Traceability.Storage.Logs;

namespace Traceability.Storage;

/// <summary>What is appended to one stream, and what it leads to.</summary>
internal sealed record StreamAppend(string Stream, Type StateType, object State, long Expected, object[] Events)
{
    public long Version => Expected + Events.Length;
}

/// <summary>
/// Writes many streams in few statements: what an import decides. The rows are those that Marten writes for them one by
/// one, which takes ten times as long; leaves and links are made by those who make them for Marten.
/// </summary>
internal sealed class BulkWriter(IDocumentStore store, LeafListener leaves, TimeProvider clock)
{
    /// <summary>For less the way by Marten is as fast.</summary>
    public const int Many = 50;

    private const string Schema = EventDatabases.Schema;

    /// <exception cref="LostRaceException">Somebody else has appended to one of the streams.</exception>
    public async Task WriteAsync(
        NpgsqlConnection connection, IDocumentSession session, IReadOnlyList<StreamAppend> appends,
        CancellationToken cancellationToken)
    {
        try
        {
            await CreateStreamsAsync(connection, session, appends, cancellationToken);
            await MoveStreamsAsync(connection, appends, cancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new LostRaceException(exception);
        }

        AppendedEvent[] events = [.. appends.SelectMany(Events)];
        await WriteEventsAsync(connection, session, events, cancellationToken);
        foreach (var kind in appends.GroupBy(append => append.StateType))
        {
            await WriteDocumentsAsync(connection, kind.Key, [.. kind], cancellationToken);
        }

        await leaves.WriteAsync(connection, session.TenantId, events, cancellationToken);
        Links.Insert(session, events.Select(e => e.Data));
    }

    private static IEnumerable<AppendedEvent> Events(StreamAppend append) => append.Events.Select((data, index) =>
        AppendedEvent.Of(append.Stream, append.Expected + index + 1, data));

    private async Task CreateStreamsAsync(
        NpgsqlConnection connection, IDocumentSession session, IReadOnlyList<StreamAppend> appends,
        CancellationToken cancellationToken)
    {
        StreamAppend[] created = [.. appends.Where(append => append.Expected == 0)];
        if (created.Length == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand(
            $"""
            insert into {Schema}.mt_streams (id, type, version, timestamp, tenant_id)
            select id, type, version, now(), $4 from unnest($1, $2, $3) as stream (id, type, version)
            """,
            connection);
        command.Parameters.AddWithValue(created.Select(append => append.Stream).ToArray());
        command.Parameters.AddWithValue(created.Select(append => AliasOf(append.StateType)).ToArray());
        command.Parameters.AddWithValue(created.Select(append => append.Version).ToArray());
        command.Parameters.AddWithValue(session.TenantId);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task MoveStreamsAsync(
        NpgsqlConnection connection, IReadOnlyList<StreamAppend> appends, CancellationToken cancellationToken)
    {
        StreamAppend[] moved = [.. appends.Where(append => append.Expected > 0)];
        if (moved.Length == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand(
            $"""
            update {Schema}.mt_streams s set version = append.version, timestamp = now()
            from unnest($1, $2, $3) as append (id, expected, version)
            where s.id = append.id and s.version = append.expected and not s.is_archived
            """,
            connection);
        command.Parameters.AddWithValue(moved.Select(append => append.Stream).ToArray());
        command.Parameters.AddWithValue(moved.Select(append => append.Expected).ToArray());
        command.Parameters.AddWithValue(moved.Select(append => append.Version).ToArray());
        if (await command.ExecuteNonQueryAsync(cancellationToken) != moved.Length)
        {
            throw new LostRaceException(new InvalidOperationException("A stream has moved on."));
        }
    }

    private async Task WriteEventsAsync(
        NpgsqlConnection connection, IDocumentSession session, AppendedEvent[] events,
        CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            insert into {Schema}.mt_events
                (seq_id, id, stream_id, version, data, type, mt_dotnet_type, timestamp, tenant_id, correlation_id,
                causation_id, user_name, headers, is_archived)
            select nextval('{Schema}.mt_events_sequence'), gen_random_uuid(), stream, version, data::jsonb, type, class,
                $6, $7, $8, $9, $10, 'null', false
            from (
                select * from unnest($1, $2, $3, $4, $5) with ordinality
                    as event (stream, version, data, type, class, place) order by place) as event
            """,
            connection);
        command.Parameters.AddWithValue(events.Select(e => e.Stream).ToArray());
        command.Parameters.AddWithValue(events.Select(e => e.Version).ToArray());
        command.Parameters.AddWithValue(events.Select(e => e.Json).ToArray());
        command.Parameters.AddWithValue(events.Select(e => e.Type).ToArray());
        command.Parameters.AddWithValue(events.Select(e => ClassOf(e.Data.GetType())).ToArray());
        command.Parameters.AddWithValue(clock.GetUtcNow());
        command.Parameters.AddWithValue(session.TenantId);
        foreach (var provenance in new[] { session.CorrelationId, session.CausationId, session.LastModifiedBy })
        {
            command.Parameters.AddWithValue(NpgsqlDbType.Text, provenance ?? (object)DBNull.Value);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What streams of one kind have led to.</summary>
    public async Task WriteDocumentsAsync(
        NpgsqlConnection connection, Type type, IReadOnlyCollection<StreamAppend> appends,
        CancellationToken cancellationToken)
    {
        var serializer = store.Options.Serializer();
        await using var command = new NpgsqlCommand(
            $"""
            insert into {TableOf(type)}
                (id, data, mt_last_modified, mt_dotnet_type, mt_version)
            select id, data::jsonb, transaction_timestamp(), $4, version
            from unnest($1, $2, $3) as document (id, data, version)
            on conflict (id) do update set data = excluded.data, mt_last_modified = excluded.mt_last_modified,
                mt_dotnet_type = excluded.mt_dotnet_type, mt_version = excluded.mt_version
            """,
            connection);
        command.Parameters.AddWithValue(appends.Select(append => append.Stream).ToArray());
        command.Parameters.AddWithValue(appends.Select(append => serializer.ToJson(append.State)).ToArray());
        command.Parameters.AddWithValue(appends.Select(append => append.Version).ToArray());
        command.Parameters.AddWithValue(type.FullName!);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public string TableOf(Type type) => DocumentType(type).TableName.QualifiedName;

    private Marten.Schema.IDocumentType DocumentType(Type type) => store.Options.FindOrResolveDocumentType(type);

    private string AliasOf(Type type) => ((IEventRegistry)store.Options.Events).AggregateAliasFor(type);

    /// <summary>As Marten writes it; nothing reads it.</summary>
    private static string ClassOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";
}
