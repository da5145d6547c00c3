using System.Text.Json;
using JasperFx.Events;
using Npgsql;

namespace Marten.Events;

/// <summary>Reads rows of mt_events.</summary>
internal static class EventReader
{
    private const string Columns = """
        d.id, d.seq_id, d.version, d.stream_id, d.data, d.type, d.timestamp, d.tenant_id, d.mt_dotnet_type,
            d.correlation_id, d.causation_id, d.headers, d.user_name, d.is_archived
        """;

    public static string Select(StoreOptions options) =>
        $"select {Columns} from {options.DatabaseSchemaName}.mt_events as d ";

    public static async Task<List<IEvent>> ReadAsync(
        NpgsqlDataReader reader, StoreOptions options, CancellationToken token)
    {
        List<IEvent> events = [];
        while (await reader.ReadAsync(token))
        {
            events.Add(Read(reader, options));
        }

        return events;
    }

    private static IEvent Read(NpgsqlDataReader reader, StoreOptions options)
    {
        var envelope = new EventEnvelope
        {
            Id = reader.GetGuid(0),
            Sequence = reader.GetInt64(1),
            Version = reader.GetInt64(2),
            StreamKey = reader.GetString(3),
            EventTypeName = reader.GetString(5),
            Timestamp = reader.GetFieldValue<DateTimeOffset>(6),
            TenantId = reader.GetString(7),
            DotNetTypeName = Text(reader, 8) ?? "",
            CorrelationId = Text(reader, 9),
            CausationId = Text(reader, 10),
            Headers = Text(reader, 11) is { } headers
                ? JsonSerializer.Deserialize<Dictionary<string, object>>(headers)
                : null,
            UserName = Text(reader, 12),
            IsArchived = reader.GetBoolean(13),
        };
        var data = options.EventOptions.Names.Read(
            envelope.EventTypeName, envelope.DotNetTypeName, reader.GetFieldValue<byte[]>(4), options.Json);
        return envelope.Around(data);
    }

    private static string? Text(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);
}
