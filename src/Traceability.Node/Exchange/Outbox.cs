using System.Diagnostics;
using System.Text.Json;
using Npgsql;
using Traceability.Storage;

namespace Traceability.Node.Exchange;

/// <summary>Something that was decided and is to be told the broker.</summary>
internal sealed record OutboxRow(long Id, string Kind, Guid TradeId, string Payload, string? Traceparent)
{
    public T Read<T>() => JsonSerializer.Deserialize<T>(Payload)!;
}

/// <summary>What a buyer asks.</summary>
internal sealed record TradeRequestToSend(Guid SupplierId, string Message, DateTimeOffset? DueAt, string Unit);

/// <summary>What a supplier answers.</summary>
internal sealed record TradeAcceptToSend(string PartRef);

/// <summary>What a supplier refuses with.</summary>
internal sealed record TradeRejectToSend(Guid BuyerId, string Message);

/// <summary>Which decision about a release is to be told; what it says is in the release.</summary>
internal sealed record ReleaseToSend(long Revision);

/// <summary>The kinds of rows.</summary>
internal static class Outbox
{
    public const string TradeRequest = "trade_request";
    public const string TradeAccept = "trade_accept";
    public const string TradeReject = "trade_reject";
    public const string TradeCancel = "trade_cancel";
    public const string TradeEnd = "trade_end";
    public const string ReleaseGrant = "release_grant";
    public const string ReleaseRevoke = "release_revoke";
    public const string Disclosure = "disclosure";

    private const int PageSize = 100;

    /// <summary>Queues a row in the transaction of what was decided.</summary>
    public static void Send(this Work work, string kind, Guid tradeId, object? payload = null) => work.Sql(
        $"insert into {EventStore.Schema}.outbox (kind, key, payload, traceparent) values (?, ?, ?, ?)",
        kind,
        tradeId.ToString(),
        payload is null ? "" : JsonSerializer.Serialize(payload, payload.GetType()),
        Activity.Current?.Id ?? "");

    public static async Task<IReadOnlyList<OutboxRow>> ReadAsync(
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select id, kind, key, payload, traceparent from {EventStore.Schema}.outbox order by id limit {PageSize}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<OutboxRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new(
                reader.GetInt64(0), reader.GetString(1), Guid.Parse(reader.GetString(2)), reader.GetString(3),
                reader.GetString(4)));
        }

        return rows;
    }

    public static async Task DeleteAsync(NpgsqlDataSource source, long id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"delete from {EventStore.Schema}.outbox where id = $1");
        command.Parameters.AddWithValue(id);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
