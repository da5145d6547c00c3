using System.Security.Cryptography;
using System.Text.Json;
using JasperFx.Events;
using Marten;
using Traceability.Domain;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>What is noted of new events in their own transaction: enough to log them, and to see whether they are still
/// what was written when that is done.</summary>
internal sealed class PendingLeaves(byte[] sealKey)
{
    private readonly List<(string Stream, long Version, string Type, byte[] Salt, byte[] Hash)> _leaves = [];

    public void Add(string stream, long version, IReadOnlyList<IEvent> events)
    {
        foreach (var (index, e) in events.Index())
        {
            var salt = RandomNumberGenerator.GetBytes(LoggedEvent.SaltBytes);
            var data = JsonSerializer.Serialize(e.Data, e.Data.GetType(), EventJson.Options);
            var hash = LoggedEvent.PayloadHash(salt, data);
            _leaves.Add((stream, version + index + 1, e.EventTypeName, salt, hash));
        }
    }

    public void Queue(IDocumentSession session)
    {
        if (_leaves.Count == 0)
        {
            return;
        }

        session.QueueSqlCommand(
            $"""
            insert into {EventStore.Schema}.log_pending (stream_id, version, salt, payload_hash, seal)
            select stream, version, decode(salt, 'hex'), decode(hash, 'hex'), decode(seal, 'hex')
            from unnest(?, ?, ?, ?, ?) as leaf (stream, version, salt, hash, seal)
            """,
            _leaves.Select(leaf => leaf.Stream).ToArray(),
            _leaves.Select(leaf => leaf.Version).ToArray(),
            _leaves.Select(leaf => Convert.ToHexStringLower(leaf.Salt)).ToArray(),
            _leaves.Select(leaf => Convert.ToHexStringLower(leaf.Hash)).ToArray(),
            _leaves.Select(leaf => Convert.ToHexStringLower(
                LoggedEvent.Seal(sealKey, leaf.Stream, leaf.Version, leaf.Type, leaf.Hash))).ToArray());
    }
}
