using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Exchange.Transport;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using KeyEntry = Traceability.Contracts.Broker.V1.KeyEntry;

namespace Traceability.Node.Trust;

/// <summary>When the key log is believed.</summary>
/// <param name="RecoveryDelay">How long a recovered key must have been announced.</param>
/// <param name="Cosigners">How many other members must have cosigned a checkpoint.</param>
/// <param name="Witnesses">Those whose cosignatures count; empty: all members.</param>
/// <param name="VerifierKey">Of the log; null: the one that is shown first, for ever.</param>
internal sealed record KeyLogRules(
    TimeSpan RecoveryDelay, int Cosigners, IReadOnlyCollection<Guid> Witnesses, string? VerifierKey);

/// <summary>Something that is not as it should be.</summary>
/// <param name="Kind">What, for programs.</param>
/// <param name="About">Which one.</param>
/// <param name="Explanation">What, in words, and what can be done.</param>
/// <param name="Evidence">All that a third person needs to see it, in JSON.</param>
internal sealed record KeyFinding(string Kind, string About, string Explanation, string Evidence)
{
    public const string Equivocation = "equivocation";
    public const string ShortenedLog = "shortened_log";
    public const string ForeignKey = "foreign_key";
    public const string ForgedCosignature = "forged_cosignature";
    public const string Recovery = "recovery";
    public const string RewrittenLog = "rewritten_log";
    public const string ForgedDecision = "forged_decision";
    public const string MissingDecision = "missing_decision";
}

/// <summary>A checkpoint that was seen to continue all others, and who has cosigned it.</summary>
internal sealed record SeenCheckpoint(long Size, string Note, IReadOnlySet<Guid> Cosigners);

/// <summary>
/// What the operators here know of the log of all keys: every leaf, under checkpoints that continue each other; and by
/// it the keys of every member that is asked for. Asking again costs a look into memory.
/// </summary>
internal sealed class KeyLog(KeyLogRules rules, TimeProvider clock) : IDisposable
{
    private const int PageSize = 1000;
    private const int MaxSeen = 50;
    private const int MaxAhead = 100;

    /// <summary>A checkpoint is cosigned within a second or two where anybody is there to do it.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    /// <summary>Replicas of a broker that differ for longer are no replicas: half of the minute within which it is
    /// found.</summary>
    private static readonly TimeSpan LongestLag = TimeSpan.FromSeconds(30);

    private readonly Lock _using = new();
    private readonly SemaphoreSlim _advancing = new(1);
    private readonly ConcurrentDictionary<Guid, KeyChain> _chains = [];
    private readonly SortedDictionary<long, SeenCheckpoint> _seen = [];
    private readonly Dictionary<long, (string Note, DateTimeOffset Since)> _ahead = [];
    private readonly Channel<KeyFinding> _findings = Channel.CreateUnbounded<KeyFinding>();
    private readonly HashSet<(string, string)> _found = [];
    private readonly ConcurrentDictionary<Guid, byte> _watched = [];
    private KeyTree _tree = new();
    private NoteVerifier? _verifier = rules.VerifierKey is { } pinned ? NoteVerifier.Parse(pinned) : null;
    private (long Size, DateTimeOffset Since)? _shorter;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was found, each once.</summary>
    public ChannelReader<KeyFinding> Findings => _findings.Reader;

    public TimeSpan RecoveryDelay => rules.RecoveryDelay;

    public string VerifierKey => $"{_verifier}";

    /// <summary>The newest checkpoint as the broker signed it, which operators tell each other; empty: none.</summary>
    public string Newest { get; private set; } = "";

    /// <summary>What the newest of the checkpoints that count for an operator is; null: none yet.</summary>
    public SeenCheckpoint? Counted(Guid asker)
    {
        lock (_using)
        {
            return _seen.Values.LastOrDefault(one => Counts(one, asker));
        }
    }

    /// <summary>The hashes of all entries of an owner that the log has.</summary>
    public IReadOnlyList<byte[]> Leaves(Guid ownerId)
    {
        lock (_using)
        {
            return [.. _tree.Of(ownerId).Select(leaf => leaf.Hash)];
        }
    }

    /// <summary>The newest checkpoint, if it has room for a cosignature.</summary>
    public SeenCheckpoint? NewestSeen()
    {
        lock (_using)
        {
            return _seen.Count == 0 ? null : _seen.Values.Last();
        }
    }

    /// <summary>What an operator believed before this process was started is not forgotten.</summary>
    public void Remember(string note, string verifier)
    {
        lock (_using)
        {
            _verifier ??= NoteVerifier.Parse(verifier);
            var checkpoint = Checkpoint.Parse(SignedNote.Parse(note).Text);
            _ahead.TryAdd(checkpoint.Size, (note, clock.GetUtcNow()));
        }
    }

    /// <summary>
    /// All keys of a member, each proven: its entries are all the leaves that the log has of it, under a checkpoint
    /// that counts.
    /// </summary>
    /// <exception cref="RefusedException">They are not.</exception>
    /// <exception cref="RpcException">Not yet: there is none, or nobody has cosigned it.</exception>
    public async Task<KeyChain> ChainAsync(
        BrokerClient broker, Guid asker, OperatorId member, CancellationToken cancellationToken)
    {
        const int attempts = 3;
        for (var attempt = 1; ; attempt++)
        {
            if (Known(member.Value) is { } known)
            {
                await MustCountAsync(broker, asker, member, cancellationToken);
                return known;
            }

            try
            {
                await LearnAsync(broker, member, cancellationToken);
            }
            catch (ProofException exception) when (attempt >= attempts)
            {
                throw NotProven(member, exception.Message);
            }
            catch (ProofException)
            {
                // Its entries or its leaves may be newer than the others: both are asked for again.
                await RefreshAsync(broker, cancellationToken);
            }
        }
    }

    /// <summary>Whoever trades with a member is told what becomes of its keys, also while nothing is sent.</summary>
    public void Watch(IEnumerable<OperatorId> members)
    {
        foreach (var member in members)
        {
            _watched.TryAdd(member.Value, 0);
        }
    }

    /// <summary>Learns what is new of those that are watched; what cannot be proven is found when it is used.</summary>
    public async Task LearnNewsAsync(BrokerClient broker, CancellationToken cancellationToken)
    {
        foreach (var id in _watched.Keys.Where(id => Known(id) is null && Leaves(id).Count > 0))
        {
            try
            {
                await LearnAsync(broker, new(id), cancellationToken);
            }
            catch (Exception exception) when (exception is ProofException or RpcException)
            {
                // It is asked for again with the next leaf, or when it is used.
            }
        }
    }

    /// <summary>Learns of all leaves that there are now.</summary>
    public async Task RefreshAsync(BrokerClient broker, CancellationToken cancellationToken)
    {
        var page = await PageAsync(broker, Size(), cancellationToken);
        await AdvanceAsync(broker, page.Checkpoints, page.VerifierKey, cancellationToken);
    }

    /// <summary>Takes up checkpoints that the broker shows, with their leaves and cosignatures.</summary>
    public async Task AdvanceAsync(
        BrokerClient broker, IReadOnlyList<string> notes, string verifierKey, CancellationToken cancellationToken)
    {
        await _advancing.WaitAsync(cancellationToken);
        try
        {
            _verifier ??= NoteVerifier.Parse(verifierKey);
            (SignedNote Note, Checkpoint Checkpoint)[] shown =
                [.. notes.Select(Read).OfType<(SignedNote, Checkpoint)>()];
            if (shown.Length == 0)
            {
                NoteLength(0);
                return;
            }

            var newest = shown.MaxBy(one => one.Checkpoint.Size).Checkpoint;
            NoteLength(newest.Size);
            if (newest.Size > Size())
            {
                await GrowAsync(broker, newest, cancellationToken);
            }

            foreach (var one in shown)
            {
                Compare(one.Note, one.Checkpoint);
            }

            await CountAsync(broker, shown, cancellationToken);
        }
        finally
        {
            _advancing.Release();
        }

        LookAhead();
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>What another member was shown must be what is shown here. Costs no question to anybody.</summary>
    /// <returns>How many leaves it was shown, where that is more.</returns>
    public long? Hear(string note)
    {
        if (note.Length == 0 || Read(note) is not { } heard)
        {
            return null;
        }

        lock (_using)
        {
            if (heard.Checkpoint.Size > _tree.Size)
            {
                if (_ahead.Count < MaxAhead)
                {
                    _ahead.TryAdd(heard.Checkpoint.Size, (note, clock.GetUtcNow()));
                }

                return heard.Checkpoint.Size;
            }
        }

        Compare(heard.Note, heard.Checkpoint);
        return null;
    }

    /// <summary>Once: a broker that keeps back what it showed to others is found by and by.</summary>
    public async Task CatchUpAsync(BrokerClient broker, long size, CancellationToken cancellationToken)
    {
        try
        {
            if (Size() < size)
            {
                await RefreshAsync(broker, cancellationToken);
            }
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            // What is known is judged by what is known.
        }
    }

    /// <summary>What others were shown and this node is not, and a log that became shorter, are found.</summary>
    public void LookAhead()
    {
        (string Note, DateTimeOffset Since)[] ready;
        lock (_using)
        {
            var now = clock.GetUtcNow();
            if (_shorter is { } shorter && now - shorter.Since >= LongestLag)
            {
                Find(
                    KeyFinding.ShortenedLog,
                    $"{shorter.Size} of {_tree.Size}",
                    $"The broker shows {shorter.Size} entries of the key log, and has shown {_tree.Size} before.",
                    new { seen = Newest, shown = shorter.Size, verifier = VerifierKey });
            }

            foreach (var (size, (note, _)) in _ahead.Where(
                         one => one.Key > _tree.Size && now - one.Value.Since >= LongestLag).ToArray())
            {
                Find(
                    KeyFinding.ShortenedLog,
                    $"{_tree.Size} of {size}",
                    $"A member was shown {size} entries of the key log; here the broker shows {_tree.Size}.",
                    new { seen = note, shown = Newest, verifier = VerifierKey });
                _ahead.Remove(size);
            }

            ready = [.. _ahead.Where(one => one.Key <= _tree.Size).Select(one => one.Value)];
            foreach (var size in _ahead.Keys.Where(size => size <= _tree.Size).ToArray())
            {
                _ahead.Remove(size);
            }
        }

        foreach (var one in ready)
        {
            Hear(one.Note);
        }
    }

    public void Find(string kind, string about, string explanation, object evidence)
    {
        lock (_found)
        {
            if (_found.Add((kind, about)))
            {
                _findings.Writer.TryWrite(new(kind, about, explanation, JsonSerializer.Serialize(evidence)));
            }
        }
    }

    public void Dispose() => _advancing.Dispose();

    public static RefusedException NotProven(OperatorId member, string why) => new(
        RefusalReason.KeyNotProven,
        $"The keys of operator {member} do not follow from the key log. {why} Nothing is sealed to it, and nothing of "
            + "it believed, until they do: try again, and if it stays so, ask that company and the federation.",
        ("operator_id", $"{member}"));

    /// <summary>By what is in memory; null where something is missing, or newer.</summary>
    private KeyChain? Known(Guid id)
    {
        lock (_using)
        {
            return _chains.TryGetValue(id, out var chain) && chain.Entries.Count > 0 && Matches(chain) ? chain : null;
        }
    }

    private bool Matches(KeyChain chain)
    {
        var leaves = _tree.Of(chain.OwnerId);
        return leaves.Count == chain.Entries.Count
            && leaves.Zip(chain.Entries).All(pair => pair.First.Hash.AsSpan().SequenceEqual(pair.Second.Hash));
    }

    /// <exception cref="ProofException">The entries do not follow from each other, or are not the leaves.</exception>
    private async Task LearnAsync(BrokerClient broker, OperatorId member, CancellationToken cancellationToken)
    {
        var shown = await broker.KeyEntriesAsync(member, cancellationToken);
        if (shown.Count == 0 && Leaves(member.Value).Count == 0)
        {
            throw new RpcException(new Status(
                StatusCode.Unavailable, "The operator has no key in the key log yet: its node may have to be started, "
                    + "or brought up to date."));
        }

        var chain = _chains.GetValueOrDefault(member.Value, KeyChain.Empty(member.Value))
            .Continued([.. shown.Select(Signed)], rules.RecoveryDelay);
        lock (_using)
        {
            if (!Matches(chain))
            {
                throw new ProofException(
                    ProofFailure.UnknownKey,
                    $"The broker shows {chain.Entries.Count} entries of it, and the log has "
                        + $"{_tree.Of(member.Value).Count}, or others.");
            }

            _chains[member.Value] = chain;
            _watched.TryAdd(member.Value, 0);
        }

        if (chain.Pending(clock.GetUtcNow()) is { } pending)
        {
            Find(
                KeyFinding.Recovery,
                $"{member} {pending.KeyId}",
                $"Operator {member} has lost its signing key, says its node: from {pending.ValidFrom:u} on another one "
                    + "counts. Ask that company, by telephone, whether that is so, and compare the fingerprint.",
                new { operator_id = $"{member}", fingerprint = pending.KeyId, counts_from = pending.ValidFrom });
        }
    }

    internal static SignedKeyEntry Signed(KeyEntry entry) => new(
        entry.Entry.ToByteArray(), entry.Possession.ToByteArray(), entry.Continuity.ToByteArray());

    /// <summary>Waits a moment for a cosignature; whoever asked tries again later.</summary>
    private async Task MustCountAsync(
        BrokerClient broker, Guid asker, OperatorId member, CancellationToken cancellationToken)
    {
        if (IsCounted(asker, member))
        {
            return;
        }

        // It may have been cosigned, and this node not have been told.
        await RefreshAsync(broker, cancellationToken);
        var deadline = clock.GetUtcNow() + LongestWait;
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (IsCounted(asker, member))
            {
                return;
            }

            var left = deadline - clock.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                throw new RpcException(new Status(
                    StatusCode.Unavailable, "No other member has cosigned the key log as it is shown here."));
            }

            await Task.WhenAny(changed, Task.Delay(left, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private bool IsCounted(Guid asker, OperatorId member)
    {
        lock (_using)
        {
            var last = _tree.Of(member.Value)[^1].Index;
            return _seen.Values.Any(one => one.Size > last && Counts(one, asker));
        }
    }

    private bool Counts(SeenCheckpoint one, Guid asker) => one.Cosigners.Count(
        id => id != asker && (rules.Witnesses.Count == 0 || rules.Witnesses.Contains(id))) >= rules.Cosigners;

    private long Size()
    {
        lock (_using)
        {
            return _tree.Size;
        }
    }

    /// <summary>A note that the log has not signed says nothing about it.</summary>
    private (SignedNote Note, Checkpoint Checkpoint)? Read(string note)
    {
        try
        {
            var signed = SignedNote.Parse(note);
            var checkpoint = Checkpoint.Parse(signed.Text);
            return checkpoint.Origin == LogKeys.KeysOrigin && _verifier?.HasSigned(signed) == true
                ? (signed, checkpoint)
                : null;
        }
        catch (ProofException)
        {
            return null;
        }
    }

    private void NoteLength(long shown)
    {
        lock (_using)
        {
            _shorter = shown >= _tree.Size ? null : _shorter ?? (shown, clock.GetUtcNow());
        }
    }

    /// <summary>New leaves are taken up only if they lead to the signed root.</summary>
    private async Task GrowAsync(BrokerClient broker, Checkpoint newest, CancellationToken cancellationToken)
    {
        var grown = Copy();
        while (grown.Size < newest.Size)
        {
            var page = await PageAsync(broker, grown.Size, cancellationToken);
            if (page.Leaves.Count == 0)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "The broker keeps leaves of its log back."));
            }

            foreach (var leaf in page.Leaves.Take((int)(newest.Size - grown.Size)))
            {
                grown.Append(leaf.ToByteArray());
            }
        }

        if (!grown.Root(newest.Size).AsSpan().SequenceEqual(newest.Root))
        {
            Find(
                KeyFinding.Equivocation,
                newest.Size.ToString(CultureInfo.InvariantCulture),
                $"The leaves that the broker shows do not lead to the root that it has signed for {newest.Size} of "
                    + $"them: it shows another log than the one of {Size()} leaves before. Keep this node's database.",
                new { first = Newest, second = newest.Text, verifier = VerifierKey });
            throw new RpcException(new Status(StatusCode.Unavailable, "The key log does not continue what was seen."));
        }

        lock (_using)
        {
            _tree = grown;
        }
    }

    private KeyTree Copy()
    {
        lock (_using)
        {
            return _tree.Copy();
        }
    }

    /// <summary>All leaves are known: whatever size a checkpoint is of, its root is, too.</summary>
    private void Compare(SignedNote note, Checkpoint checkpoint)
    {
        lock (_using)
        {
            if (checkpoint.Size > _tree.Size)
            {
                return;
            }

            var own = note.Signatures.Where(one => one.Name == checkpoint.Origin);
            var signed = $"{note with { Signatures = [.. own] }}";
            if (!_tree.Root(checkpoint.Size).AsSpan().SequenceEqual(checkpoint.Root))
            {
                Find(
                    KeyFinding.Equivocation,
                    checkpoint.Size.ToString(CultureInfo.InvariantCulture),
                    $"The broker has signed two logs of keys: one that it shows here, and one of {checkpoint.Size} "
                        + "leaves with another root. Keep the evidence, show it to the federation, and compare "
                        + "fingerprints with your partners.",
                    new
                    {
                        first = Newest,
                        second = signed,
                        verifier = VerifierKey,
                        leaves = Enumerable.Range(0, (int)_tree.Size)
                            .Select(index => Convert.ToBase64String(_tree.LeafHash(index))),
                    });
                return;
            }

            if (!_seen.ContainsKey(checkpoint.Size))
            {
                _seen[checkpoint.Size] = new(checkpoint.Size, signed, new HashSet<Guid>());
                if (_seen.Keys.Last() == checkpoint.Size)
                {
                    Newest = signed;
                }

                Forget();
            }
        }
    }

    /// <summary>Old ones are of no use when newer ones count.</summary>
    private void Forget()
    {
        while (_seen.Count > MaxSeen)
        {
            _seen.Remove(_seen.Keys.First());
        }
    }

    private async Task CountAsync(
        BrokerClient broker, IEnumerable<(SignedNote Note, Checkpoint Checkpoint)> shown,
        CancellationToken cancellationToken)
    {
        foreach (var (note, checkpoint) in shown)
        {
            foreach (var line in note.Signatures.Where(one => one.Name != checkpoint.Origin))
            {
                if (LogKeys.OperatorOf(line.Name) is { } cosigner && !HasCounted(checkpoint, cosigner)
                    && await HasCosignedAsync(broker, cosigner, note, line, cancellationToken))
                {
                    Count(checkpoint, cosigner);
                }
            }
        }
    }

    private bool HasCounted(Checkpoint checkpoint, Guid cosigner)
    {
        lock (_using)
        {
            return !_seen.TryGetValue(checkpoint.Size, out var seen) || seen.Cosigners.Contains(cosigner);
        }
    }

    private void Count(Checkpoint checkpoint, Guid cosigner)
    {
        lock (_using)
        {
            if (_seen.TryGetValue(checkpoint.Size, out var seen))
            {
                _seen[checkpoint.Size] = seen with { Cosigners = new HashSet<Guid>([.. seen.Cosigners, cosigner]) };
            }
        }
    }

    /// <summary>Under a key of the member's log that is in this very log. One that does not fit is a lie.</summary>
    private async Task<bool> HasCosignedAsync(
        BrokerClient broker, Guid cosigner, SignedNote note, NoteSignature line, CancellationToken cancellationToken)
    {
        try
        {
            if (Known(cosigner) is null)
            {
                await LearnAsync(broker, new(cosigner), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is ProofException or RpcException)
        {
            // It may be newer than what is known here; nobody else's cosignature depends on it.
            return false;
        }

        NoteVerifier[] verifiers =
        [
            .. (Known(cosigner)?.Keys ?? []).Where(key => key.Use == KeyUses.Log).Select(key => new NoteVerifier(
                line.Name, NoteSignatureType.Cosignature, OctetKey.FromJwk(key.Jwk))),
        ];
        try
        {
            return verifiers.Any(verifier => verifier.SeenAt(note with { Signatures = [line] }) is not null);
        }
        catch (ProofException)
        {
            Find(
                KeyFinding.ForgedCosignature,
                $"{cosigner} {Checkpoint.Parse(note.Text).Size}",
                $"The broker shows a cosignature of operator {cosigner} that it did not make.",
                new { note = $"{note}", verifiers = verifiers.Select(one => $"{one}") });
            return false;
        }
    }

    private static async Task<ListKeyLeavesResponse> PageAsync(
        BrokerClient broker, long start, CancellationToken cancellationToken) => await broker.KeyLog.ListKeyLeavesAsync(
            new() { PageSize = PageSize, PageToken = start.ToString(CultureInfo.InvariantCulture) },
            await broker.CallAsync(cancellationToken));
}
