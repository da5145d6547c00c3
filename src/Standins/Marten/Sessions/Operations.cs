using JasperFx;
using Marten.Exceptions;
using Npgsql;
using NpgsqlTypes;

namespace Marten.Sessions;

/// <summary>A statement of a session's batch, and what its failure means.</summary>
internal sealed record Operation(NpgsqlBatchCommand Command, Func<PostgresException, Exception> OnFailure)
{
    public static Operation Sql(string sql, object[] parameters)
    {
        var command = new NpgsqlBatchCommand(Positional(sql));
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(Parameter(parameter));
        }

        return new(command, failure => new MartenCommandException(failure));
    }

    /// <summary>
    /// Ends the whole batch unless the row was written by this very transaction: a division by zero is how plain SQL
    /// refuses.
    /// </summary>
    public static Operation Guard(string table, string id, Func<Exception> exception)
    {
        var command = new NpgsqlBatchCommand($"""
            select 1 / count(*) from {table} where id = $1 and xmin = pg_current_xact_id()::xid
            """);
        command.Parameters.Add(Text(id));
        return new(command, _ => exception());
    }

    public static NpgsqlParameter Text(string? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Varchar };

    public static NpgsqlParameter Json(string? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb };

    public static NpgsqlParameter Parameter(object? value) => new() { Value = value ?? DBNull.Value };

    /// <summary>Question marks become $1, $2 and so on.</summary>
    public static string Positional(string sql)
    {
        var parts = sql.Split('?');
        return parts.Skip(1).Index().Aggregate(parts[0], (text, part) => $"{text}${part.Index + 1}{part.Item}");
    }
}

/// <summary>Statements about documents.</summary>
internal static class DocumentOperations
{
    public static IEnumerable<Operation> Store(StoreOptions options, object document)
    {
        var mapping = options.Schema.MappingOf(document.GetType());
        var table = $"{options.DatabaseSchemaName}.{mapping.Table}";
        var version = mapping.UsesRevisions ? $"{table}.mt_version + 1" : "excluded.mt_version";
        yield return Write(options, document, FirstVersion(options, document), $"""
            on conflict (id) do update set data = excluded.data, mt_last_modified = transaction_timestamp(),
                mt_dotnet_type = excluded.mt_dotnet_type, mt_version = {version}
            """);
    }

    public static IEnumerable<Operation> Insert(StoreOptions options, object document)
    {
        var mapping = options.Schema.MappingOf(document.GetType());
        var insert = Write(options, document, FirstVersion(options, document), "");
        yield return insert with
        {
            OnFailure = failure => failure.SqlState == PostgresErrorCodes.UniqueViolation
                ? new DocumentAlreadyExistsException(failure, mapping.Type, mapping.IdOf(document))
                : new MartenCommandException(failure),
        };
    }

    public static IEnumerable<Operation> Update(StoreOptions options, object document)
    {
        var mapping = options.Schema.MappingOf(document.GetType());
        var table = $"{options.DatabaseSchemaName}.{mapping.Table}";
        var version = mapping.UsesRevisions ? "mt_version + 1" : "gen_random_uuid()";
        var command = new NpgsqlBatchCommand($"""
            update {table} set data = $2, mt_last_modified = transaction_timestamp(), mt_version = {version}
            where id = $1
            """);
        command.Parameters.Add(Operation.Text(mapping.IdOf(document)));
        command.Parameters.Add(Operation.Json(Serialize(options, document)));
        yield return new(command, failure => new MartenCommandException(failure));
        yield return Operation.Guard(table, mapping.IdOf(document), () => Stale(mapping.Type, mapping.IdOf(document)));
    }

    public static IEnumerable<Operation> UpdateRevision(StoreOptions options, object document, long revision)
    {
        var mapping = options.Schema.MappingOf(document.GetType());
        var table = $"{options.DatabaseSchemaName}.{mapping.Table}";
        yield return Write(options, document, revision, $"""
            on conflict (id) do update set data = excluded.data, mt_last_modified = transaction_timestamp(),
                mt_dotnet_type = excluded.mt_dotnet_type, mt_version = excluded.mt_version
            where {table}.mt_version < excluded.mt_version
            """);
        yield return Operation.Guard(table, mapping.IdOf(document), () => Stale(mapping.Type, mapping.IdOf(document)));
    }

    public static Operation Delete(StoreOptions options, Type type, string id)
    {
        var mapping = options.Schema.MappingOf(type);
        var command = new NpgsqlBatchCommand($"delete from {options.DatabaseSchemaName}.{mapping.Table} where id = $1");
        command.Parameters.Add(Operation.Text(id));
        return new(command, failure => new MartenCommandException(failure));
    }

    private static Operation Write(StoreOptions options, object document, object version, string onConflict)
    {
        var mapping = options.Schema.MappingOf(document.GetType());
        var command = new NpgsqlBatchCommand($"""
            insert into {options.DatabaseSchemaName}.{mapping.Table} (id, data, mt_dotnet_type, mt_version)
            values ($1, $2, $3, $4)
            {onConflict}
            """);
        command.Parameters.Add(Operation.Text(mapping.IdOf(document)));
        command.Parameters.Add(Operation.Json(Serialize(options, document)));
        command.Parameters.Add(Operation.Text(mapping.Type.FullName));
        command.Parameters.Add(Operation.Parameter(version));
        return new(command, failure => new MartenCommandException(failure));
    }

    private static object FirstVersion(StoreOptions options, object document) =>
        options.Schema.MappingOf(document.GetType()).UsesRevisions ? 1L : Guid.CreateVersion7();

    private static string Serialize(StoreOptions options, object document) =>
        System.Text.Json.JsonSerializer.Serialize(document, document.GetType(), options.Json);

    private static ConcurrencyException Stale(Type type, string id) =>
        new($"Optimistic concurrency check failed for {type.FullName} #{id}", type, id);
}
