namespace Traceability.Proofs.Logs;

/// <summary>A key as its owner's entries say, and when it is valid; half open.</summary>
/// <param name="KeyId">RFC 7638 thumbprint.</param>
/// <param name="Use">What for.</param>
/// <param name="Jwk">The public key.</param>
/// <param name="ValidFrom">From when on.</param>
/// <param name="ValidUntil">Until the next of the same use, or its revocation; null: it is in use.</param>
/// <param name="Revoked">Whether it was lost, and not just replaced.</param>
public sealed record LoggedKey(
    string KeyId, string Use, string Jwk, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil, bool Revoked);

/// <summary>
/// All that one owner's entries say, each judged by those before it. Broker and members ask the same function.
/// </summary>
public sealed class KeyChain
{
    /// <summary>
    /// A lost key is replaced no sooner than its owner and everybody it trades with can notice and object.
    /// </summary>
    public static TimeSpan RecoveryDelay { get; } = TimeSpan.FromDays(7);

    private readonly IReadOnlyList<Published> _published;
    private readonly DateTimeOffset _last;
    private readonly bool _carriesOver;
    private IReadOnlyList<LoggedKey>? _keys;

    private KeyChain(
        Guid ownerId, IReadOnlyList<SignedKeyEntry> entries, IReadOnlyList<Published> published, DateTimeOffset last,
        bool carriesOver)
    {
        (OwnerId, Entries, _published, _last, _carriesOver) = (ownerId, entries, published, last, carriesOver);
    }

    public Guid OwnerId { get; }

    public IReadOnlyList<SignedKeyEntry> Entries { get; }

    /// <summary>In order of publication.</summary>
    public IReadOnlyList<LoggedKey> Keys => _keys ??= [.. _published.Select(Judged)];

    /// <summary>Of the key with which it began; null where there is none yet. Two people compare it.</summary>
    public string? Fingerprint => _published.Count > 0 ? _published[0].KeyId : null;

    public static KeyChain Empty(Guid ownerId) => new(ownerId, [], [], DateTimeOffset.MinValue, carriesOver: true);

    /// <summary>What follows from entries that begin with these; those that are known are not judged again.</summary>
    /// <exception cref="ProofException">One of them does not follow from those before it.</exception>
    public KeyChain Continued(IReadOnlyList<SignedKeyEntry> entries, TimeSpan recoveryDelay) =>
        entries.Count >= Entries.Count
        && Entries.Zip(entries).All(pair => pair.First.Entry.AsSpan().SequenceEqual(pair.Second.Entry))
            ? entries.Skip(Entries.Count).Aggregate(this, (chain, entry) => chain.Append(entry, recoveryDelay))
            : Read(OwnerId, entries, recoveryDelay);

    /// <exception cref="ProofException">One of them does not follow from those before it.</exception>
    public static KeyChain Read(Guid ownerId, IEnumerable<SignedKeyEntry> entries, TimeSpan recoveryDelay) =>
        entries.Aggregate(Empty(ownerId), (chain, entry) => chain.Append(entry, recoveryDelay));

    /// <summary>The signing key by which the next entry is added; null before the first.</summary>
    public LoggedKey? Head(DateTimeOffset time) =>
        _published.Where(one => one.Entry.Use == KeyUses.Signing && one.Entry.Since <= time && !IsCancelled(one))
            .MaxBy(one => (one.Entry.Since, one.Entry.Number)) is { } head
                ? Judged(head)
                : null;

    /// <summary>The key of a use that is valid then.</summary>
    public LoggedKey? Current(string use, DateTimeOffset time) => Keys.LastOrDefault(
        key => key.Use == use && key.ValidFrom <= time && (key.ValidUntil is null || time < key.ValidUntil));

    /// <summary>A recovery that was announced and does not count yet.</summary>
    public LoggedKey? Pending(DateTimeOffset time) =>
        _published.FirstOrDefault(one => one.Entry.Since > time && !IsCancelled(one)) is { } pending
            ? Judged(pending)
            : null;

    /// <summary>The next entry, to be signed. Its time does not go back.</summary>
    public KeyEntry Next(KeyAct act, string use, string jwk, DateTimeOffset now, DateTimeOffset? since = null)
    {
        var time = now > _last ? now : _last;
        return new(
            OwnerId, Entries.Count, Entries.Count == 0 ? [] : Entries[^1].Hash, act, use, jwk, time, since ?? time);
    }

    /// <summary>What follows when the entry is added.</summary>
    /// <exception cref="ProofException">It does not follow from those before it.</exception>
    public KeyChain Append(SignedKeyEntry added, TimeSpan recoveryDelay)
    {
        var entry = KeyEntry.Parse(added.Entry);
        if (entry.OwnerId != OwnerId || entry.Number != Entries.Count
            || !entry.Before.AsSpan().SequenceEqual(Entries.Count == 0 ? [] : Entries[^1].Hash)
            || entry.Time < _last)
        {
            throw Refused("does not follow the entry before it");
        }

        MustHaveContinuity(entry, added);
        var published = entry.Act switch
        {
            KeyAct.Publish => Publish(entry, added),
            KeyAct.Revoke => Revoke(entry, added),
            _ => Recover(entry, added, recoveryDelay),
        };
        return new(
            OwnerId, [.. Entries, added], published, entry.Time,
            _carriesOver && (entry.Act == KeyAct.Revoke || entry.Since < entry.Time));
    }

    private void MustHaveContinuity(KeyEntry entry, SignedKeyEntry added)
    {
        var first = Entries.Count == 0;
        if (first && (entry.Act != KeyAct.Publish || entry.Use != KeyUses.Signing))
        {
            throw Refused("is the first, and publishes no signing key");
        }

        if (first || entry.Act == KeyAct.Recover)
        {
            if (added.Continuity.Length > 0)
            {
                throw Refused("has a signature for which there is no key");
            }
        }
        else if (Head(entry.Time) is not { } head || !KeyEntrySignature.HasContinuity(head.Jwk, added))
        {
            throw new ProofException(
                ProofFailure.BadSignature, "The key entry is not signed by the signing key before it.");
        }
    }

    private IReadOnlyList<Published> Publish(KeyEntry entry, SignedKeyEntry added)
    {
        // What a company had published before there was a log keeps its times; nothing new is dated back.
        var carried = entry.Since < entry.Time;
        var last = _published.LastOrDefault(one => one.Entry.Use == entry.Use && one.Entry.Act == KeyAct.Publish);
        if (entry.Since > entry.Time || (carried && !_carriesOver) || last?.Entry.Since > entry.Since)
        {
            throw Refused("is dated otherwise than it was made");
        }

        return Add(entry, added);
    }

    private IReadOnlyList<Published> Recover(KeyEntry entry, SignedKeyEntry added, TimeSpan delay)
    {
        if (entry.Use != KeyUses.Signing || Pending(entry.Time) is not null || entry.Since - entry.Time < delay)
        {
            throw Refused($"recovers a key sooner than after {delay.TotalDays:0.###} days, or another key");
        }

        return Add(entry, added);
    }

    private IReadOnlyList<Published> Add(KeyEntry entry, SignedKeyEntry added)
    {
        if (_published.Any(one => one.KeyId == entry.KeyId))
        {
            throw Refused("publishes a key that was published before");
        }

        return KeyEntrySignature.HasPossession(entry, added)
            ? [.. _published, new(entry, entry.KeyId, null)]
            : throw new ProofException(
                ProofFailure.BadSignature, "The key entry is not signed by the key that it publishes.");
    }

    private IReadOnlyList<Published> Revoke(KeyEntry entry, SignedKeyEntry added)
    {
        var keyId = entry.KeyId;
        if (entry.Since > entry.Time || added.Possession.Length > 0
            || !_published.Any(one => one.KeyId == keyId && one.Entry.Use == entry.Use))
        {
            throw Refused("revokes a key that was not published, or later than it was made");
        }

        return
        [
            .. _published.Select(one => one.KeyId == keyId
                ? one with { RevokedFrom = Earliest(one.RevokedFrom, entry.Since) }
                : one),
        ];
    }

    /// <summary>Each ends with the next of its use that is not cancelled, or where it is revoked.</summary>
    private LoggedKey Judged(Published one)
    {
        var next = _published
            .Where(other => other != one && other.Entry.Use == one.Entry.Use && !IsCancelled(other)
                && (other.Entry.Since, other.Entry.Number).CompareTo((one.Entry.Since, one.Entry.Number)) > 0)
            .Select(other => (DateTimeOffset?)other.Entry.Since).Min();
        var until = (next, one.RevokedFrom) switch
        {
            (null, var revoked) => revoked,
            (var replaced, null) => replaced,
            var (replaced, revoked) => Earliest(replaced, revoked.Value),
        };
        return new(one.KeyId, one.Entry.Use, one.Entry.Jwk, one.Entry.Since, until, one.RevokedFrom is not null);
    }

    private static bool IsCancelled(Published one) =>
        one.Entry.Act == KeyAct.Recover && one.RevokedFrom <= one.Entry.Since;

    private static DateTimeOffset Earliest(DateTimeOffset? one, DateTimeOffset other) =>
        one is { } time && time < other ? time : other;

    private static ProofException Refused(string why) => new(ProofFailure.NotInOrder, $"The key entry {why}.");

    private sealed record Published(KeyEntry Entry, string KeyId, DateTimeOffset? RevokedFrom);
}
