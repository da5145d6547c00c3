using System.Text.Json;
using JasperFx.Events;
using Marten.Exceptions;
using Marten.Sessions;
using Npgsql;
using NpgsqlTypes;

namespace Marten.Events;

/// <summary>
/// Appends to one stream in one statement: the stream's row is taken first, and only if it is as expected are sequence
/// numbers drawn.
/// </summary>
internal static class AppendOperation
{
    public static IEnumerable<Operation> Of(StoreOptions options, StreamAction action, string tenantId)
    {
        var schema = options.DatabaseSchemaName;
        var take = action switch
        {
            { IsNew: true } => $"""
                insert into {schema}.mt_streams (id, type, version, timestamp, created, tenant_id)
                values ($1, $2, $3, now(), now(), $4)
                """,
            { ExpectedVersion: not null } => $"""
                update {schema}.mt_streams set version = version + $3, timestamp = now()
                where id = $1 and version = {action.ExpectedVersion} and tenant_id = $4 and $2::varchar is not distinct from $2
                """,
            _ => $"""
                insert into {schema}.mt_streams as s (id, type, version, timestamp, created, tenant_id)
                values ($1, $2, $3, now(), now(), $4)
                on conflict (id) do update set version = s.version + $3, timestamp = now()
                where s.tenant_id = excluded.tenant_id
                """,
        };

        var command = new NpgsqlBatchCommand($"""
            with stream as ({take} returning version)
            insert into {schema}.mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id,
                mt_dotnet_type, correlation_id, causation_id, headers, user_name, is_archived)
            select nextval('{schema}.mt_events_sequence'), e.id, $1, stream.version - $3 + e.ordinality, e.data, e.type,
                e.timestamp, $4, e.dotnet_type, e.correlation_id, e.causation_id, e.headers, e.user_name, false
            from stream, unnest($5, $6, $7, $8, $9, $10, $11, $12, $13) with ordinality
                as e (id, data, type, timestamp, dotnet_type, correlation_id, causation_id, headers, user_name, ordinality)
            order by e.ordinality
            """);
        AddParameters(command, options, action, tenantId);
        yield return new(command, failure => Translate(failure, action));
        if (!action.IsNew)
        {
            yield return Operation.Guard($"{schema}.mt_streams", action.Key, () => Stale(action));
        }
    }

    private static void AddParameters(
        NpgsqlBatchCommand command, StoreOptions options, StreamAction action, string tenantId)
    {
        var e = action.Events;
        command.Parameters.Add(Operation.Text(action.Key));
        command.Parameters.Add(Operation.Text(
            action.AggregateType is { } type ? EventNames.SnakeCase(type.Name) : null));
        command.Parameters.Add(Operation.Parameter((long)e.Count));
        command.Parameters.Add(Operation.Text(tenantId));
        Add(NpgsqlDbType.Uuid, e.Select(x => x.Id).ToArray());
        Add(NpgsqlDbType.Jsonb, e.Select(x => JsonSerializer.Serialize(x.Data, x.EventType, options.Json)).ToArray());
        Add(NpgsqlDbType.Varchar, e.Select(x => x.EventTypeName).ToArray());
        Add(NpgsqlDbType.TimestampTz, e.Select(x => x.Timestamp).ToArray());
        Add(NpgsqlDbType.Varchar, e.Select(x => x.DotNetTypeName).ToArray());
        Add(NpgsqlDbType.Varchar, e.Select(x => x.CorrelationId).ToArray());
        Add(NpgsqlDbType.Varchar, e.Select(x => x.CausationId).ToArray());
        Add(NpgsqlDbType.Jsonb, e.Select(x => x.Headers is null ? null : JsonSerializer.Serialize(x.Headers)).ToArray());
        Add(NpgsqlDbType.Varchar, e.Select(x => x.UserName).ToArray());

        void Add(NpgsqlDbType element, object values) => command.Parameters.Add(
            new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | element });
    }

    private static Exception Translate(PostgresException failure, StreamAction action) =>
        failure.SqlState == PostgresErrorCodes.UniqueViolation && action.IsNew
            ? new ExistingStreamIdCollisionException(action.Key, action.AggregateType, failure)
            : failure.ConstraintName == "pk_mt_events_stream_and_version"
                ? Stale(action)
                : new MartenCommandException(failure);

    private static EventStreamUnexpectedMaxEventIdException Stale(StreamAction action) =>
        new(action.Key, action.AggregateType, action.ExpectedVersion ?? 0, -1);
}
