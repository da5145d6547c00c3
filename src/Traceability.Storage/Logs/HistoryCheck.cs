using System.Text.Json;
using JasperFx.Events;
using Npgsql;
using Traceability.Domain;
using Traceability.Proofs;
using Traceability.Proofs.Logs;

namespace Traceability.Storage.Logs;

/// <summary>Something in history that is not as it was written.</summary>
/// <param name="What">The event, leaf, node or checkpoint, by name.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Foreign">
/// True: what was handed in as evidence is not this log's, and says nothing about its history. Otherwise that was
/// changed.
/// </param>
public sealed record HistoryFinding(string What, string Problem, bool Foreign = false);

/// <summary>What a check of the whole history found.</summary>
/// <param name="Leaves">How many events are logged.</param>
/// <param name="Waiting">How many are written and wait to be logged.</param>
/// <param name="Masked">Of how many the data was taken out; their leaves stand.</param>
/// <param name="Checkpoints">How many checkpoints there are.</param>
/// <param name="Findings">Empty: nothing was changed since it was signed.</param>
public sealed record HistoryReport(
    long Leaves, long Waiting, long Masked, long Checkpoints, IReadOnlyList<HistoryFinding> Findings);

/// <summary>
/// Holds every event of a database against the log, the log against its checkpoints, and these against what witnesses
/// have seen. It reads one snapshot, writes nothing, and may run while others write.
/// </summary>
public sealed class HistoryCheck
{
    private const string Schema = EventDatabases.Schema;

    /// <summary>Who has changed everything need not be told so a million times.</summary>
    private const int MaxFindings = 1000;

    private readonly NpgsqlConnection _connection;
    private readonly HistoryLog _log;
    private readonly List<HistoryFinding> _findings = [];
    private readonly SortedDictionary<long, Checkpoint> _checkpoints = [];
    private readonly HashSet<long> _signedSizes = [];
    private readonly Dictionary<MerkleNode, byte[]> _nodes = [];
    private readonly Dictionary<(string Stream, long Version), EventMasked> _masks = [];
    private long _masked;

    private HistoryCheck(NpgsqlConnection connection, HistoryLog log) => (_connection, _log) = (connection, log);

    /// <summary>Checks in a snapshot of its own.</summary>
    public static async Task<HistoryReport> RunAsync(
        NpgsqlDataSource source, HistoryLog log, IReadOnlyList<string> witnessed, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        return await RunAsync(connection, log, witnessed, cancellationToken);
    }

    /// <param name="connection">Within a transaction: all of it is read at one moment.</param>
    /// <param name="log">Whose history.</param>
    /// <param name="witnessed">Checkpoints of this log that others have seen.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    public static async Task<HistoryReport> RunAsync(
        NpgsqlConnection connection, HistoryLog log, IReadOnlyList<string> witnessed,
        CancellationToken cancellationToken)
    {
        var check = new HistoryCheck(connection, log);
        await check.ReadCheckpointsAsync(cancellationToken);
        var own = check._checkpoints.Keys.ToArray();
        var seen = check.ReadWitnessed(witnessed);
        await check.ReadMasksAsync(cancellationToken);
        var leaves = await check.ReadLeavesAsync(seen, cancellationToken);
        check.CompareSizes(own, seen, leaves);
        await check.CompareNodesAsync(cancellationToken);
        await check.FindUnloggedAsync(cancellationToken);
        var waiting = await check.ReadPendingAsync(cancellationToken);
        return new(leaves, waiting, check._masked, own.Length, check._findings);
    }

    private async Task ReadCheckpointsAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select size, note from {Schema}.log_checkpoint order by size", _connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (size, note) = (reader.GetInt64(0), reader.GetString(1));
            if (Read(note, $"Checkpoint {size}") is not { } checkpoint)
            {
                continue;
            }

            if (checkpoint.Size != size)
            {
                Find($"Checkpoint {size}", $"speaks of {checkpoint.Size} leaves");
                continue;
            }

            _checkpoints[size] = checkpoint;
        }
    }

    private List<Checkpoint> ReadWitnessed(IReadOnlyList<string> witnessed) =>
    [
        .. witnessed.Index().Select(one => Read(
            one.Item, $"Checkpoint {one.Index + 1} of those that others have kept",
            "it says nothing about this history", foreign: true)).OfType<Checkpoint>(),
    ];

    private Checkpoint? Read(string text, string what, string so = "it was changed", bool foreign = false)
    {
        try
        {
            var note = SignedNote.Parse(text);
            if (_log.Verifier.HasSigned(note) && Checkpoint.Parse(note.Text) is var checkpoint
                && checkpoint.Origin == _log.Origin)
            {
                return checkpoint;
            }
        }
        catch (ProofException)
        {
            // Said below.
        }

        Find(what, $"is not signed by this log: {so}", foreign);
        return null;
    }

    /// <summary>Who took out what: events themselves, so that they are held against the log like all others.</summary>
    private async Task ReadMasksAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select stream_id, data::text from {Schema}.mt_events where type = 'event_masked'", _connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (Record(reader.GetString(1)) is { } record)
            {
                _masks[(reader.GetString(0), record.Version)] = record;
            }
        }
    }

    /// <summary>One that was changed says nothing here; it is found as any other event.</summary>
    private static EventMasked? Record(string data)
    {
        try
        {
            return JsonSerializer.Deserialize<EventMasked>(data, EventJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<long> ReadLeavesAsync(List<Checkpoint> seen, CancellationToken cancellationToken)
    {
        var wanted = _checkpoints.Values.Concat(seen).ToLookup(checkpoint => checkpoint.Size);
        await using var command = new NpgsqlCommand(LogRows.Logged(""), _connection);
        var next = 0L;
        await foreach (var row in LogRows.ReadAsync(command).WithCancellation(cancellationToken))
        {
            if (row.Index != next)
            {
                Find($"Leaf {next}", row.Index == next + 1 ? "is gone" : $"and all up to {row.Index - 1} are gone");
                // Whatever fills the gap, no checkpoint after it will fit.
                for (; next < row.Index; next++)
                {
                    Join(next, MerkleTree.EmptyRoot);
                }
            }

            CompareLeaf(row);
            _signedSizes.Add(row.SignedSize);
            Join(next, row.Check);
            next++;
            foreach (var checkpoint in wanted[next])
            {
                if (!MerkleTree.Root(0, next, node => _nodes[node]).AsSpan().SequenceEqual(checkpoint.Root))
                {
                    Find($"Checkpoint {next}", "does not fit the leaves before it");
                }
            }
        }

        return next;
    }

    private void Join(long index, byte[] leafHash)
    {
        foreach (var (node, hash) in MerkleTree.Complete(index, leafHash, node => _nodes[node]))
        {
            _nodes[node] = hash;
        }
    }

    private void CompareLeaf(LogRow row)
    {
        if (row.Event is not { } e)
        {
            Find($"Version {row.Version} of {row.Stream}", $"is gone; it is leaf {row.Index}");
            return;
        }

        if (row.Salt is null)
        {
            _masked++;
            CompareMask(e);
        }
        else if (!LoggedEvent.PayloadHash(row.Salt, e.Data).AsSpan().SequenceEqual(row.PayloadHash))
        {
            Find($"{e}", $"does not say what leaf {row.Index} was made of");
            return;
        }

        if (!e.LeafHash(row.PayloadHash).AsSpan().SequenceEqual(row.Check))
        {
            Find($"{e}", $"and leaf {row.Index} do not agree about who, when, where or what");
        }
    }

    private void CompareMask(LoggedEvent e)
    {
        if (!_masks.TryGetValue((e.Stream, e.Version), out var mask))
        {
            Find($"{e}", "was masked, and nothing says by whom");
            return;
        }

        var salt = new byte[LoggedEvent.SaltBytes];
        if (!Convert.TryFromBase64String(mask.Salt, salt, out _)
            || Convert.ToBase64String(LoggedEvent.PayloadHash(salt, e.Data)) != mask.PayloadHash)
        {
            Find($"{e}", "does not say what was left of it when it was masked");
        }
    }

    private void CompareSizes(long[] own, List<Checkpoint> seen, long leaves)
    {
        foreach (var gone in _signedSizes.Except(own).Order())
        {
            Find($"Checkpoint {gone}", "is gone");
        }

        foreach (var extra in own.Except(_signedSizes))
        {
            Find($"Checkpoint {extra}", extra > leaves ? $"covers more than the {leaves} leaves" : "was added");
        }

        foreach (var checkpoint in seen.Where(checkpoint => checkpoint.Size > leaves))
        {
            Find("The log", $"ends after {leaves} leaves, but a witness has seen {checkpoint.Size}");
        }
    }

    private async Task CompareNodesAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select level, idx, hash from {Schema}.log_node", _connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var stored = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            stored++;
            var node = new MerkleNode(reader.GetInt32(0), reader.GetInt64(1));
            var hash = reader.GetFieldValue<byte[]>(2);
            if (!_nodes.TryGetValue(node, out var made) || !made.AsSpan().SequenceEqual(hash))
            {
                Find($"Node {node.Index} of level {node.Level}", "does not fit the leaves below it");
            }
        }

        var all = _nodes.Keys.Count(node => node.Level > 0);
        if (stored < all)
        {
            Find("The log's tree", $"has {stored} nodes instead of {all}");
        }
    }

    /// <summary>
    /// The store keeps book of events that it could not save, in a stream of its own and without a word: that is no
    /// history. Anything else there is.
    /// </summary>
    private async Task FindUnloggedAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select e.type, e.stream_id, e.version from {Schema}.mt_events e
            where not exists (select from {Schema}.log_leaf l where (l.stream_id, l.version) = (e.stream_id, e.version))
                and not exists (
                    select from {Schema}.log_pending p where (p.stream_id, p.version) = (e.stream_id, e.version))
                and (e.stream_id, e.type, e.data) <> ('{Tombstone.StreamKey}', '{Tombstone.Name}', jsonb_build_object())
            order by e.seq_id limit {MaxFindings}
            """,
            _connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Find(
                $"{reader.GetString(0)} ({reader.GetString(1)}, version {reader.GetInt64(2)})",
                "was not written by this node: it has no leaf");
        }
    }

    private async Task<long> ReadPendingAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LogRows.Pending, _connection);
        command.Parameters.AddWithValue(long.MaxValue);
        var waiting = 0L;
        await foreach (var row in LogRows.ReadAsync(command).WithCancellation(cancellationToken))
        {
            waiting++;
            try
            {
                _log.MustBeAsWritten(row);
            }
            catch (BrokenHistoryException broken)
            {
                Find("An event that waits to be logged", broken.Message);
            }
        }

        return waiting;
    }

    private void Find(string what, string problem, bool foreign = false)
    {
        if (_findings.Count < MaxFindings)
        {
            _findings.Add(new(what, problem, foreign));
        }
    }
}
