using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using JasperFx.Events;
using Marten;
using Npgsql;
using NpgsqlTypes;
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
    private const string Table = $"{EventDatabases.Schema}.log_pending";

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

        if (streams.Length > 0 && _sealKeys.TryGetValue(session.TenantId, out var sealKey))
        {
            Queue(session, Leaves([.. streams.SelectMany(stream => stream.Events).Select(Appended)], sealKey));
        }

        return Task.CompletedTask;
    }

    /// <summary>Writes the leaves of many events in the transaction that is open on the connection.</summary>
    public async Task WriteAsync(
        NpgsqlConnection connection, string database, IReadOnlyList<AppendedEvent> events,
        CancellationToken cancellationToken)
    {
        if (!_sealKeys.TryGetValue(database, out var sealKey))
        {
            return;
        }

        var leaves = Leaves(events, sealKey);
        await using var import = await connection.BeginBinaryImportAsync(
            $"copy {Table} (stream_id, version, salt, payload_hash, seal) from stdin (format binary)",
            cancellationToken);
        foreach (var leaf in leaves)
        {
            await import.StartRowAsync(cancellationToken);
            await import.WriteAsync(leaf.Stream, NpgsqlDbType.Text, cancellationToken);
            await import.WriteAsync(leaf.Version, NpgsqlDbType.Bigint, cancellationToken);
            await import.WriteAsync(leaf.Salt, NpgsqlDbType.Bytea, cancellationToken);
            await import.WriteAsync(leaf.Hash, NpgsqlDbType.Bytea, cancellationToken);
            await import.WriteAsync(leaf.Seal, NpgsqlDbType.Bytea, cancellationToken);
        }

        await import.CompleteAsync(cancellationToken);
    }

    private static AppendedEvent Appended(IEvent e) => AppendedEvent.Of(e.StreamKey!, e.Version, e.Data);

    /// <summary>Salts are drawn for all at once: most of what a salt costs is the way to where it is drawn.</summary>
    private static PendingLeaf[] Leaves(IReadOnlyList<AppendedEvent> events, byte[] sealKey)
    {
        var salts = RandomNumberGenerator.GetBytes(events.Count * LoggedEvent.SaltBytes);
        return [.. events.Select((e, index) => Leaf(
            e, salts.AsSpan(index * LoggedEvent.SaltBytes, LoggedEvent.SaltBytes).ToArray(), sealKey))];
    }

    private static PendingLeaf Leaf(AppendedEvent e, byte[] salt, byte[] sealKey)
    {
        var hash = LoggedEvent.PayloadHash(salt, e.Json);
        return new(e.Stream, e.Version, salt, hash, LoggedEvent.Seal(sealKey, e.Stream, e.Version, e.Type, hash));
    }

    private static void Queue(IDocumentSession session, PendingLeaf[] leaves) =>
        session.QueueSqlCommand(
            $"""
            insert into {Table} (stream_id, version, salt, payload_hash, seal)
            select stream, version, decode(salt, 'hex'), decode(hash, 'hex'), decode(seal, 'hex')
            from unnest(?, ?, ?, ?, ?) as leaf (stream, version, salt, hash, seal)
            """,
            leaves.Select(leaf => leaf.Stream).ToArray(),
            leaves.Select(leaf => leaf.Version).ToArray(),
            leaves.Select(leaf => Convert.ToHexStringLower(leaf.Salt)).ToArray(),
            leaves.Select(leaf => Convert.ToHexStringLower(leaf.Hash)).ToArray(),
            leaves.Select(leaf => Convert.ToHexStringLower(leaf.Seal)).ToArray());

    private sealed record PendingLeaf(string Stream, long Version, byte[] Salt, byte[] Hash, byte[] Seal);
}
