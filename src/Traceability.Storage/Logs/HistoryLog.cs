using Npgsql;
using NpgsqlTypes;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>History is not what was written. Nothing more is logged or signed.</summary>
public sealed class BrokenHistoryException(string finding) : Exception(finding);

/// <summary>A checkpoint as it is kept: the note, with cosignatures as soon as there are any.</summary>
public sealed record StoredCheckpoint(long Size, string Note, bool Cosigned);

/// <summary>
/// The tamper-evident log over the events of one database: a leaf per event in a tree (RFC 9162), signed checkpoints
/// (C2SP tlog-checkpoint). Leaves wait in the transaction of their events, and are put in order here.
/// </summary>
public sealed class HistoryLog(NpgsqlDataSource source, LogKeys keys)
{
    private const string Schema = EventDatabases.Schema;

    /// <summary>Any number will do, as long as all processes take the same.</summary>
    private const long Lock = 0x5472_6163_6c6f;

    /// <summary>As many as are hashed in some milliseconds, so that nobody waits long for the lock.</summary>
    private const int BatchSize = 2000;

    public string Origin => keys.Signer.Name;

    public NoteVerifier Verifier => keys.Signer.Verifier;

    /// <summary>Puts what waits into the log, and signs it. The newest checkpoint, if anything was added.</summary>
    /// <exception cref="BrokenHistoryException">An event changed or vanished between its commit and now.</exception>
    public async Task<StoredCheckpoint?> AppendAsync(CancellationToken cancellationToken)
    {
        StoredCheckpoint? newest = null;
        while (await AppendBatchAsync(cancellationToken) is { } next)
        {
            newest = next;
        }

        return newest;
    }

    public async Task<StoredCheckpoint?> CheckpointAsync(CancellationToken cancellationToken) =>
        await CheckpointAsync("order by size desc limit 1", cancellationToken);

    /// <summary>The newest that a witness has seen; an auditor believes no other.</summary>
    public async Task<StoredCheckpoint?> CosignedAsync(CancellationToken cancellationToken) =>
        await CheckpointAsync("where cosigned order by size desc limit 1", cancellationToken);

    public async Task CosignAsync(long size, NoteSignature cosignature, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"call {Schema}.cosign_checkpoint($1, $2)");
        command.Parameters.AddWithValue(size);
        command.Parameters.AddWithValue($"{cosignature}\n");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The root at an earlier size.</summary>
    public async Task<byte[]> RootAsync(long size, CancellationToken cancellationToken) =>
        await ProveAsync(nodes => MerkleTree.Root(0, size, nodes), cancellationToken);

    public Task<IReadOnlyList<byte[]>> ConsistencyProofAsync(
        long oldSize, long size, CancellationToken cancellationToken) =>
        ProveAsync(nodes => MerkleTree.ConsistencyProof(oldSize, size, nodes), cancellationToken);

    public Task<IReadOnlyList<byte[]>> InclusionProofAsync(
        long index, long size, CancellationToken cancellationToken) =>
        ProveAsync(nodes => MerkleTree.InclusionProof(index, size, nodes), cancellationToken);

    /// <summary>Proofs for many leaves at once: most of their nodes are the same.</summary>
    public Task<IReadOnlyList<IReadOnlyList<byte[]>>> InclusionProofsAsync(
        IReadOnlyList<long> indexes, long size, CancellationToken cancellationToken) =>
        ProveAsync<IReadOnlyList<IReadOnlyList<byte[]>>>(
            nodes => [.. indexes.Select(index => MerkleTree.InclusionProof(index, size, nodes))], cancellationToken);

    /// <summary>The leaves of some streams with their events, in order of the log.</summary>
    public async Task<IReadOnlyList<LogRow>> LeavesAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(LogRows.Logged("where l.stream_id = any($1)"));
        command.Parameters.AddWithValue(streams.ToArray());
        List<LogRow> rows = [];
        await foreach (var row in LogRows.ReadAsync(command).WithCancellation(cancellationToken))
        {
            rows.Add(row);
        }

        return rows;
    }

    private async Task<StoredCheckpoint?> AppendBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"select pg_advisory_xact_lock({Lock})", cancellationToken);
        List<LogRow> pending = [];
        await using (var command = new NpgsqlCommand(LogRows.Pending, connection))
        {
            command.Parameters.AddWithValue((long)BatchSize);
            await foreach (var row in LogRows.ReadAsync(command).WithCancellation(cancellationToken))
            {
                MustBeAsWritten(row);
                pending.Add(row);
            }
        }

        if (pending.Count == 0)
        {
            return null;
        }

        var size = await SizeAsync(connection, cancellationToken);
        var nodes = await FrontierAsync(connection, size, cancellationToken);
        List<(MerkleNode Node, byte[] Hash)> made = [];
        foreach (var (index, row) in pending.Index())
        {
            foreach (var (node, hash) in MerkleTree.Complete(
                size + index, row.Event!.LeafHash(row.PayloadHash), node => nodes[node]))
            {
                nodes[node] = hash;
                made.Add((node, hash));
            }
        }

        var newSize = size + pending.Count;
        var root = MerkleTree.Root(0, newSize, node => nodes[node]);
        var note = keys.Signer.Sign(new Checkpoint(Origin, newSize, root).Text).ToString();
        await StoreAsync(connection, pending, made, newSize, note, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(newSize, note, false);
    }

    internal void MustBeAsWritten(LogRow row)
    {
        if (row.Event is not { } e)
        {
            throw new BrokenHistoryException(
                $"Version {row.Version} of {row.Stream} was committed, but is not there any more.");
        }

        var hash = LoggedEvent.PayloadHash(row.Salt, e.Data);
        var seal = LoggedEvent.Seal(keys.SealKey, row.Stream, row.Version, e.Type, hash);
        if (!hash.AsSpan().SequenceEqual(row.PayloadHash) || !seal.AsSpan().SequenceEqual(row.Check))
        {
            throw new BrokenHistoryException($"{e} is not what this node has written.");
        }
    }

    private static async Task StoreAsync(
        NpgsqlConnection connection, List<LogRow> pending, List<(MerkleNode Node, byte[] Hash)> made, long newSize,
        string note, CancellationToken cancellationToken)
    {
        var leaves = made.Where(one => one.Node.Level == 0).ToArray();
        await using var batch = new NpgsqlBatch(connection);
        var insert = new NpgsqlBatchCommand($"""
            insert into {Schema}.log_leaf (idx, stream_id, version, salt, payload_hash, leaf_hash, signed_size)
            select *, {newSize} from unnest($1, $2, $3, $4, $5, $6)
            """);
        insert.Parameters.AddWithValue(leaves.Select(leaf => leaf.Node.Index).ToArray());
        insert.Parameters.AddWithValue(pending.Select(row => row.Stream).ToArray());
        insert.Parameters.AddWithValue(pending.Select(row => row.Version).ToArray());
        insert.Parameters.Add(Bytes(pending.Select(row => row.Salt!)));
        insert.Parameters.Add(Bytes(pending.Select(row => row.PayloadHash)));
        insert.Parameters.Add(Bytes(leaves.Select(leaf => leaf.Hash)));
        batch.BatchCommands.Add(insert);

        var upper = made.Where(one => one.Node.Level > 0).ToArray();
        var nodes = new NpgsqlBatchCommand(
            $"insert into {Schema}.log_node (level, idx, hash) select * from unnest($1, $2, $3)");
        nodes.Parameters.AddWithValue(upper.Select(one => one.Node.Level).ToArray());
        nodes.Parameters.AddWithValue(upper.Select(one => one.Node.Index).ToArray());
        nodes.Parameters.Add(Bytes(upper.Select(one => one.Hash)));
        batch.BatchCommands.Add(nodes);

        var forget = new NpgsqlBatchCommand($"""
            delete from {Schema}.log_pending using unnest($1, $2) as done (stream_id, version)
            where log_pending.stream_id = done.stream_id and log_pending.version = done.version
            """);
        forget.Parameters.AddWithValue(pending.Select(row => row.Stream).ToArray());
        forget.Parameters.AddWithValue(pending.Select(row => row.Version).ToArray());
        batch.BatchCommands.Add(forget);

        var checkpoint = new NpgsqlBatchCommand($"insert into {Schema}.log_checkpoint (size, note) values ($1, $2)");
        checkpoint.Parameters.AddWithValue(newSize);
        checkpoint.Parameters.AddWithValue(note);
        batch.BatchCommands.Add(checkpoint);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Bytes(IEnumerable<byte[]> values) =>
        new() { Value = values.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };

    /// <summary>The roots of the whole subtrees of the tree: all that a new leaf is joined with.</summary>
    private static async Task<Dictionary<MerkleNode, byte[]>> FrontierAsync(
        NpgsqlConnection connection, long size, CancellationToken cancellationToken)
    {
        List<MerkleNode> frontier = [];
        for (var level = 0; size >> level > 0; level++)
        {
            if ((size >> level & 1) == 1)
            {
                frontier.Add(new(level, (size >> level) - 1));
            }
        }

        return await NodesAsync(connection, frontier, cancellationToken);
    }

    /// <summary>Which nodes are needed is known from a first run without them.</summary>
    private async Task<T> ProveAsync<T>(
        Func<Func<MerkleNode, byte[]>, T> prove, CancellationToken cancellationToken)
    {
        HashSet<MerkleNode> needed = [];
        prove(node =>
        {
            needed.Add(node);
            return MerkleTree.EmptyRoot;
        });
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var nodes = await NodesAsync(connection, needed, cancellationToken);
        return prove(node => nodes[node]);
    }

    private static async Task<Dictionary<MerkleNode, byte[]>> NodesAsync(
        NpgsqlConnection connection, IReadOnlyCollection<MerkleNode> wanted, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select n.level, n.idx, n.hash from {Schema}.log_node n
                join unnest($1, $2) as wanted (level, idx) on n.level = wanted.level and n.idx = wanted.idx
            union all
            select 0, l.idx, l.leaf_hash from {Schema}.log_leaf l where l.idx = any($3)
            """,
            connection);
        command.Parameters.AddWithValue(wanted.Select(node => node.Level).ToArray());
        command.Parameters.AddWithValue(wanted.Select(node => node.Index).ToArray());
        command.Parameters.AddWithValue(wanted.Where(node => node.Level == 0).Select(node => node.Index).ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        Dictionary<MerkleNode, byte[]> nodes = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            nodes[new(reader.GetInt32(0), reader.GetInt64(1))] = reader.GetFieldValue<byte[]>(2);
        }

        return nodes.Count == wanted.Count
            ? nodes
            : throw new BrokenHistoryException($"{wanted.Count - nodes.Count} nodes of the log's tree are gone.");
    }

    private static async Task<long> SizeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select coalesce(max(idx) + 1, 0) from {Schema}.log_leaf", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<StoredCheckpoint?> CheckpointAsync(string which, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select size, note, cosigned from {Schema}.log_checkpoint {which}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(reader.GetInt64(0), reader.GetString(1), reader.GetBoolean(2))
            : null;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
