using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using JasperFx.Events;
using Marten;
using Traceability.Domain;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>An event as it is about to be stored.</summary>
internal sealed record AppendedEvent(string Stream, long Version, string Type, object Data, string Json)
{
    public static AppendedEvent Of(string stream, long version, object data) => new(
        stream, version, EventNames.NameOf(data.GetType()), data,
        JsonSerializer.Serialize(data, data.GetType(), EventJson.Options));
}

/// <summary>
/// Notes every event in its own transaction as a leaf to be: enough to log it, and to see whether it is still what was
/// written when that is done. It hears every session of the store, so none can write past it.
/// </summary>
internal sealed class LeafListener : DocumentSessionListenerBase
{
    private readonly ConcurrentDictionary<string, byte[]> _sealKeys = new();

    /// <summary>From now on events of the database become leaves.</summary>
    public void Vouch(string database, LogKeys? keys)
    {
        if (keys is not null)
        {
            _sealKeys[database] = keys.SealKey;
        }
    }

    public override Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token)
    {
        var streams = session.PendingChanges.Streams().Where(stream => stream.Events.Count > 0).ToArray();
        if (streams.FirstOrDefault(stream => stream.ExpectedVersionOnServer is null) is { } unguarded)
        {
            throw new InvalidOperationException(
                $"Events of {unguarded.Key} were appended by nobody who knows the version of the stream.");
        }

        if (streams.Length > 0)
        {
            Note(session, [.. streams.SelectMany(stream => stream.Events).Select(Appended)]);
        }

        return Task.CompletedTask;
    }

    /// <summary>Events that are appended in the transaction of the session become leaves with it.</summary>
    public void Note(IDocumentSession session, IReadOnlyList<AppendedEvent> events)
    {
        if (_sealKeys.TryGetValue(session.TenantId, out var sealKey))
        {
            Queue(session, [.. events.Select(Leaf)], sealKey);
        }
    }

    private static AppendedEvent Appended(IEvent e) => AppendedEvent.Of(e.StreamKey!, e.Version, e.Data);

    private static PendingLeaf Leaf(AppendedEvent e)
    {
        var salt = RandomNumberGenerator.GetBytes(LoggedEvent.SaltBytes);
        return new(e.Stream, e.Version, e.Type, salt, LoggedEvent.PayloadHash(salt, e.Json));
    }

    private static void Queue(IDocumentSession session, PendingLeaf[] leaves, byte[] sealKey) =>
        session.QueueSqlCommand(
            $"""
            insert into {EventDatabases.Schema}.log_pending (stream_id, version, salt, payload_hash, seal)
            select stream, version, decode(salt, 'hex'), decode(hash, 'hex'), decode(seal, 'hex')
            from unnest(?, ?, ?, ?, ?) as leaf (stream, version, salt, hash, seal)
            """,
            leaves.Select(leaf => leaf.Stream).ToArray(),
            leaves.Select(leaf => leaf.Version).ToArray(),
            leaves.Select(leaf => Convert.ToHexStringLower(leaf.Salt)).ToArray(),
            leaves.Select(leaf => Convert.ToHexStringLower(leaf.Hash)).ToArray(),
            leaves.Select(leaf => Convert.ToHexStringLower(
                LoggedEvent.Seal(sealKey, leaf.Stream, leaf.Version, leaf.Type, leaf.Hash))).ToArray());

    private sealed record PendingLeaf(string Stream, long Version, string Type, byte[] Salt, byte[] Hash);
}
