using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Npgsql;
using Traceability.Proofs.Logs;

namespace Traceability.Broker.Log;

/// <summary>One decision about a disclosure: who, to whom, when, why. Never what.</summary>
internal sealed record DecisionRecord(
    Guid SupplierId, Guid? BuyerId, Guid TradeId, Guid MessageId, string Purpose, string Reason,
    DateTimeOffset DecidedAt)
{
    /// <summary>PostgreSQL keeps microseconds.</summary>
    public static DateTimeOffset Whole(DateTimeOffset time) =>
        new(time.Ticks - (time.Ticks % TimeSpan.TicksPerMicrosecond), time.Offset);

    /// <summary>Salted, so that a hash tells nothing to those who have not the row.</summary>
    public byte[] Hash(byte[] salt)
    {
        var json = new JsonObject
        {
            ["supplier_id"] = SupplierId.ToString(),
            ["buyer_id"] = BuyerId?.ToString(),
            ["trade_id"] = TradeId.ToString(),
            ["message_id"] = MessageId.ToString(),
            ["purpose"] = Purpose,
            ["reason"] = Reason,
            ["decided_at"] = DecidedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
        };
        return LoggedEvent.PayloadHash(salt, json.ToJsonString());
    }
}

/// <summary>A decision with what makes it provable: written with it, in its own transaction.</summary>
internal sealed record SealedDecision(DecisionRecord Decision, byte[] Salt, byte[] Seal)
{
    private const string Columns =
        "supplier_id, buyer_id, trade_id, message_id, purpose, reason, decided_at, salt, seal, id";

    public static SealedDecision Of(DecisionRecord decision, byte[] sealKey)
    {
        var salt = RandomNumberGenerator.GetBytes(LoggedEvent.SaltBytes);
        return new(decision, salt, SealOf(decision, salt, sealKey));
    }

    public byte[] LeafHash => MerkleTree.LeafHash(Decision.Hash(Salt));

    /// <summary>Whether it is what this broker has written.</summary>
    public bool Holds(byte[] sealKey) =>
        CryptographicOperations.FixedTimeEquals(SealOf(Decision, Salt, sealKey), Seal);

    /// <summary>In order of their numbers, as far as they carry a seal.</summary>
    public static async Task<IReadOnlyList<(long Id, SealedDecision Decision)>> ReadAsync(
        NpgsqlConnection connection, string where, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = new NpgsqlCommand(
            $"select {Columns} from {EventDatabases.Schema}.decision where seal is not null and {where}", connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(long, SealedDecision)> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            var decision = new DecisionRecord(
                reader.GetGuid(0),
                reader.IsDBNull(1) ? null : reader.GetGuid(1),
                reader.GetGuid(2),
                reader.GetGuid(3),
                reader.GetString(4),
                reader.GetString(5),
                reader.GetFieldValue<DateTimeOffset>(6));
            rows.Add((reader.GetInt64(9), new(
                decision, reader.GetFieldValue<byte[]>(7), reader.GetFieldValue<byte[]>(8))));
        }

        return rows;
    }

    private static byte[] SealOf(DecisionRecord decision, byte[] salt, byte[] sealKey) =>
        LoggedEvent.Seal(sealKey, $"decision/{decision.MessageId}", 1, "decision", decision.Hash(salt));
}
