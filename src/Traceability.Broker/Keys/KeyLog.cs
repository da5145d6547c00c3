using System.Collections.Concurrent;
using Google.Protobuf;
using Npgsql;
using Traceability.Proofs.Logs;

namespace Traceability.Broker.Keys;

/// <summary>What there is to be seen of the key log at one moment.</summary>
/// <param name="Notes">Checkpoints with their cosignatures, newest first.</param>
/// <param name="Version">Changes with every checkpoint and cosignature.</param>
internal sealed record KeyLogState(IReadOnlyList<string> Notes, string Version);

/// <summary>
/// The log of all that is said of members' keys. An entry, its leaf and the checkpoint over it are one transaction: no
/// directory shows a key that the log does not.
/// </summary>
internal sealed class KeyLog(BrokerDatabase broker, TimeProvider clock, IConfiguration configuration) : IDisposable
{
    /// <summary>So many vouch for a log well enough, and no checkpoint grows with the federation.</summary>
    public const int MaxCosignatures = 16;

    private const string Schema = EventDatabases.Schema;

    /// <summary>Any number will do, as long as all replicas take the same.</summary>
    private const long Lock = 0x5472_6163_6b65;

    /// <summary>Those before it are of use to whoever has missed the newest one's cosignatures.</summary>
    private const int MaxNotes = 5;

    /// <summary>What another replica took is seen by then; keys change once a month.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    private readonly KeyTree _tree = new();
    private readonly ConcurrentDictionary<OperatorId, KeyChain> _chains = [];
    private readonly Lock _using = new();
    private readonly SemaphoreSlim _looking = new(1);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (KeyLogState State, DateTimeOffset At)? _seen;

    /// <summary>After which a recovered key counts: the constant of the federation, but for tests.</summary>
    public TimeSpan RecoveryDelay { get; } =
        configuration.GetValue<TimeSpan?>("Broker:KeyRecoveryDelay") ?? KeyChain.RecoveryDelay;

    public NoteVerifier Verifier => broker.KeySigner.Verifier;

    /// <summary>Ends when this replica has added something.</summary>
    public Task Changed => Volatile.Read(ref _changed).Task;

    /// <summary>All entries of one member, as they came.</summary>
    public static async Task<IReadOnlyList<SignedKeyEntry>> EntriesAsync(
        NpgsqlConnection connection, OperatorId operatorId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select entry from {Schema}.key_log_leaf where operator_id = $1 order by number", connection);
        command.Parameters.AddWithValue(operatorId.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<SignedKeyEntry> entries = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(SignedKeyEntry.Parse(reader.GetString(0)));
        }

        return entries;
    }

    public static async Task<IEnumerable<Contracts.Broker.V1.KeyEntry>> WireEntriesAsync(
        NpgsqlConnection connection, OperatorId operatorId, CancellationToken cancellationToken) =>
        (await EntriesAsync(connection, operatorId, cancellationToken)).Select(
            entry => new Contracts.Broker.V1.KeyEntry
            {
                Entry = ByteString.CopyFrom(entry.Entry),
                Possession = ByteString.CopyFrom(entry.Possession),
                Continuity = ByteString.CopyFrom(entry.Continuity),
            });

    /// <summary>What follows from all entries of one member; none is judged twice.</summary>
    public async Task<KeyChain> ChainAsync(
        BrokerSession session, OperatorId operatorId, CancellationToken cancellationToken)
    {
        var entries = await EntriesAsync(
            await session.ConnectionAsync(cancellationToken), operatorId, cancellationToken);
        var known = _chains.GetValueOrDefault(operatorId) ?? KeyChain.Empty(operatorId.Value);
        return _chains[operatorId] = known.Continued(entries, RecoveryDelay);
    }

    /// <summary>Adds an entry that was judged, in the transaction of the act that it belongs to.</summary>
    public async Task AppendAsync(
        BrokerSession session, OperatorId operatorId, int number, SignedKeyEntry entry,
        CancellationToken cancellationToken)
    {
        var connection = await session.ConnectionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand($"select pg_advisory_xact_lock({Lock})", connection))
        {
            await take.ExecuteNonQueryAsync(cancellationToken);
        }

        var leaf = KeyTree.Leaf(operatorId.Value, entry.Hash);
        var added = await LeavesAsync(connection, Size(), int.MaxValue, cancellationToken);
        string note;
        long index;
        lock (_using)
        {
            // Another act of this process may have taken some of them up meanwhile.
            foreach (var one in added.Skip((int)Math.Max(0, _tree.Size - added.Start)))
            {
                _tree.Append(one);
            }

            index = _tree.Size;
            note = broker.KeySigner.Sign(
                new Checkpoint(LogKeys.KeysOrigin, index + 1, _tree.RootWith(leaf)).Text).ToString();
        }

        session.Queue(
            $"insert into {Schema}.key_log_leaf (idx, operator_id, number, leaf, entry) values (?, ?, ?, ?, ?)",
            index, operatorId.Value, number, leaf, entry.ToString());
        session.Queue($"insert into {Schema}.key_log_checkpoint (size, note) values (?, ?)", index + 1, note);
    }

    /// <summary>Leaves in order.</summary>
    public async Task<IReadOnlyList<byte[]>> LeavesAsync(long start, int count, CancellationToken cancellationToken)
    {
        await using var connection = await broker.Source.OpenConnectionAsync(cancellationToken);
        return (await LeavesAsync(connection, start, count, cancellationToken)).Leaves;
    }

    /// <summary>The checkpoint of a size as the broker signed it; null where there is none.</summary>
    public async Task<string?> NoteAsync(long size, CancellationToken cancellationToken)
    {
        await using var command = broker.Source.CreateCommand(
            $"select note from {Schema}.key_log_checkpoint where size = $1");
        command.Parameters.AddWithValue(size);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    public async Task CosignAsync(long size, NoteSignature cosignature, CancellationToken cancellationToken)
    {
        await using var command = broker.Source.CreateCommand(
            $"""
            insert into {Schema}.key_log_cosignature (size, name, line)
            select $1, $2, $3
            where (select count(*) from {Schema}.key_log_cosignature where size = $1) < {MaxCosignatures}
            on conflict do nothing
            """);
        command.Parameters.AddWithValue(size);
        command.Parameters.AddWithValue(cosignature.Name);
        command.Parameters.AddWithValue($"{cosignature}\n");
        if (await command.ExecuteNonQueryAsync(cancellationToken) > 0)
        {
            Tell();
        }
    }

    /// <summary>What was committed here is to be seen at once.</summary>
    public void Tell()
    {
        _seen = null;
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>As it is now; what other replicas add is seen a little later.</summary>
    public async Task<KeyLogState> StateAsync(CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (_seen is not { } seen || clock.GetUtcNow() - seen.At >= LookInterval)
            {
                var at = clock.GetUtcNow();
                var changed = _changed;
                var state = await ReadStateAsync(cancellationToken);
                // What came while it was read may not be in it.
                _seen = ReferenceEquals(changed, _changed) ? (state, at) : null;
                return state;
            }

            return seen.State;
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>Until something new may be there.</summary>
    public static async Task WaitAsync(Task changed, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(LookInterval, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Another replica may have added something.
        }
    }

    public void Dispose() => _looking.Dispose();

    private async Task<KeyLogState> ReadStateAsync(CancellationToken cancellationToken)
    {
        await using var command = broker.Source.CreateCommand(
            $"""
            select c.note || coalesce((
                select string_agg(s.line, '' order by s.name) from {Schema}.key_log_cosignature s
                where s.size = c.size), '')
            from {Schema}.key_log_checkpoint c
            where c.size = (select max(size) from {Schema}.key_log_checkpoint) or c.size in (
                select distinct size from {Schema}.key_log_cosignature order by size desc limit {MaxNotes - 1})
            order by c.size desc
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<string> notes = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            notes.Add(reader.GetString(0));
        }

        return new(notes, string.Concat(notes));
    }

    private long Size()
    {
        lock (_using)
        {
            return _tree.Size;
        }
    }

    private static async Task<Page> LeavesAsync(
        NpgsqlConnection connection, long start, int count, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select leaf from {Schema}.key_log_leaf where idx >= $1 order by idx limit $2", connection);
        command.Parameters.AddWithValue(start);
        command.Parameters.AddWithValue(count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<byte[]> leaves = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            leaves.Add(reader.GetFieldValue<byte[]>(0));
        }

        return new(start, leaves);
    }

    private sealed record Page(long Start, IReadOnlyList<byte[]> Leaves)
    {
        public IEnumerable<byte[]> Skip(int count) => Leaves.Skip(count);
    }
}
