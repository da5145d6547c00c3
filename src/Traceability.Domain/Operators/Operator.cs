using System.Globalization;
using System.Text.Json.Serialization;

namespace Traceability.Domain.Operators;

/// <summary>A company was admitted to the federation.</summary>
public record OperatorEnrolled(OperatorId OperatorId, string Name, DateTimeOffset EnrolledAt);

/// <summary>A member goes by another name from now on: after a merger, say. Its id stays.</summary>
public record OperatorRenamed(OperatorId OperatorId, string Name, DateTimeOffset RenamedAt);

/// <summary>The operator may not take part until it is reinstated.</summary>
public record OperatorSuspended(OperatorId OperatorId, DateTimeOffset SuspendedAt);

/// <summary>The operator may take part again.</summary>
public record OperatorReinstated(OperatorId OperatorId, DateTimeOffset ReinstatedAt);

/// <summary>A public key came into use; the one of the same use before it ended at that moment.</summary>
public record KeyPublished(OperatorId OperatorId, string KeyId, KeyUse Use, string Jwk, DateTimeOffset PublishedAt);

/// <summary>What is issued under the key from that moment on is not to be believed.</summary>
public record KeyRevoked(OperatorId OperatorId, string KeyId, DateTimeOffset RevokedFrom, DateTimeOffset RevokedAt);

/// <summary>A client certificate that speaks for the operator was lost: no program is let in with it.</summary>
public record ClientCertificateRevoked(OperatorId OperatorId, string Fingerprint, DateTimeOffset RevokedAt);

/// <summary>
/// An administrator and the company have compared the fingerprint of a signing key: of its first, or of the one that
/// takes the place of a lost one.
/// </summary>
public record KeyFingerprintCompared(OperatorId OperatorId, string Fingerprint, DateTimeOffset ComparedAt);

/// <summary>The member has decided that all others may see it in the directory.</summary>
public record OperatorListed(OperatorId OperatorId, DateTimeOffset ListedAt);

/// <summary>From now on those may see it who know it.</summary>
public record OperatorUnlisted(OperatorId OperatorId, DateTimeOffset UnlistedAt);

public enum KeyUse
{
    Signing = 1,
    Sealing = 2,

    /// <summary>Of the checkpoints of the operator's log (Ed25519).</summary>
    Log = 3,
}

/// <summary>A public key and when it was in use; half open.</summary>
public record OperatorKey(
    string KeyId, KeyUse Use, string Jwk, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil, bool Revoked = false);

/// <summary>A name that a member had, and until when.</summary>
public record FormerName(string Name, DateTimeOffset Until);

/// <summary>A member of the federation with all keys it ever had.</summary>
public record Operator(
    OperatorId OperatorId, string Name, bool Active, IReadOnlyList<OperatorKey> Keys, DateTimeOffset EnrolledAt)
    : IState<Operator>
{
    /// <summary>
    /// Every key stays in the directory for ever, and in every answer about its operator: whoever makes a new one for
    /// each use of it, or by a loop that runs wild, is stopped. One a day is a third of this.
    /// </summary>
    public const int MaxKeys = 100;

    /// <summary>Keys of one use that were published within this time, and are not revoked, count.</summary>
    public static TimeSpan KeyWindow { get; } = TimeSpan.FromDays(30);

    /// <summary>
    /// All that are revoked are looked at by every server all the time; whoever loses so many has lost something else.
    /// </summary>
    public const int MaxRevokedCertificates = 100;

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<FormerName> FormerNames { get; init; } = [];

    public string Id { get; init; } = "";

    /// <summary>Fingerprints of client certificates that were lost; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? RevokedCertificates { get; init; }

    /// <summary>
    /// Whether all members see it in the directory. Null: it was enrolled when all were seen, and has not decided.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Listed { get; init; }

    public bool IsListed => Listed ?? true;

    /// <summary>Of the signing key that was compared last; null where none was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ComparedFingerprint { get; init; }

    [JsonIgnore]
    public long StreamVersion { get; init; }

    public static Operator? Evolve(Operator? member, object e) => e switch
    {
        OperatorEnrolled o => new(o.OperatorId, o.Name, true, [], o.EnrolledAt),
        OperatorRenamed r => member! with
        {
            Name = r.Name,
            FormerNames = [.. member.FormerNames, new(member.Name, r.RenamedAt)],
        },
        OperatorSuspended => member! with { Active = false },
        OperatorReinstated => member! with { Active = true },
        KeyPublished k => member! with
        {
            Keys = [.. member.Keys.Select(key => key.Use == k.Use && key.ValidUntil is null
                    ? key with { ValidUntil = k.PublishedAt }
                    : key), new(k.KeyId, k.Use, k.Jwk, k.PublishedAt, null)],
        },
        KeyRevoked r => member! with
        {
            Keys = [.. member.Keys.Select(key => key.KeyId == r.KeyId
                ? key with { ValidUntil = Earliest(key.ValidUntil, r.RevokedFrom), Revoked = true }
                : key)],
        },
        ClientCertificateRevoked c => member! with
        {
            RevokedCertificates = [.. member.RevokedCertificates ?? [], c.Fingerprint],
        },
        KeyFingerprintCompared c => member! with { ComparedFingerprint = c.Fingerprint },
        OperatorListed => member! with { Listed = true },
        OperatorUnlisted => member! with { Listed = false },
        _ => member,
    };

    /// <summary>
    /// The events that make the enrolment true; none if it already is, also under a name the member had since.
    /// </summary>
    /// <param name="existing">The member, if it is one.</param>
    /// <param name="operatorId">Its id.</param>
    /// <param name="name">Its name.</param>
    /// <param name="now">The moment.</param>
    /// <param name="fingerprint">Of its first signing key, where two people have compared it; otherwise empty.</param>
    /// <param name="listed">Whether it has decided to be seen by all. What it decides later stands.</param>
    public static object[] Enrol(
        Operator? existing, OperatorId operatorId, string name, DateTimeOffset now, string fingerprint = "",
        bool listed = false)
    {
        object[] enrolled = existing switch
        {
            null => [new OperatorEnrolled(operatorId, name, now), Listing(operatorId, listed, now)],
            _ when existing.Name == name || existing.FormerNames.Any(one => one.Name == name) => [],
            _ => throw Taken("Operator id", "operator_id", operatorId.ToString()),
        };
        if (fingerprint.Length == 0 || existing?.ComparedFingerprint == fingerprint)
        {
            return enrolled;
        }

        // What came first stays first: a later comparison confirms it, or finds that it is another's.
        var first = existing?.Keys.FirstOrDefault(key => key.Use == KeyUse.Signing);
        return first is null || first.KeyId == fingerprint
            ? [.. enrolled, new KeyFingerprintCompared(operatorId, fingerprint, now)]
            : throw Taken("The first signing key", "fingerprint", fingerprint);
    }

    /// <summary>The event by which it is seen by all, or by those who know it; none if it is so.</summary>
    public object[] List(bool listed, DateTimeOffset now) => Listed == listed ? [] : [Listing(OperatorId, listed, now)];

    private static object Listing(OperatorId operatorId, bool listed, DateTimeOffset now) =>
        listed ? new OperatorListed(operatorId, now) : new OperatorUnlisted(operatorId, now);

    /// <summary>The event that lets a lost signing key be followed by another; none if it may already.</summary>
    public object[] AllowRecovery(string fingerprint, DateTimeOffset now) => ComparedFingerprint == fingerprint
        ? []
        : [new KeyFingerprintCompared(OperatorId, fingerprint, now)];

    /// <summary>The events that give the member a name; none if it has it.</summary>
    public object[] Rename(string name, DateTimeOffset now) =>
        Name == name ? [] : [new OperatorRenamed(OperatorId, name, now)];

    public object[] Suspend(DateTimeOffset now) => Active ? [new OperatorSuspended(OperatorId, now)] : [];

    public object[] Reinstate(DateTimeOffset now) => Active ? [] : [new OperatorReinstated(OperatorId, now)];

    /// <summary>
    /// The events that put the key into use; none if it is. A key that was in use before never comes back.
    /// </summary>
    public object[] Publish(string keyId, KeyUse use, string jwk, DateTimeOffset now) =>
        Publish(keyId, use, jwk, now, now);

    /// <param name="keyId">Its thumbprint.</param>
    /// <param name="use">What for.</param>
    /// <param name="jwk">The key.</param>
    /// <param name="since">From when on it is valid: as its entry in the key log says.</param>
    /// <param name="now">The moment.</param>
    public object[] Publish(string keyId, KeyUse use, string jwk, DateTimeOffset since, DateTimeOffset now)
    {
        MustBeActive();
        return Keys.FirstOrDefault(key => key.KeyId == keyId) switch
        {
            null => [Next(keyId, use, jwk, since, now)],
            { ValidUntil: null } key when key.Use == use => [],
            _ => throw Taken("Key id", "key_id", keyId),
        };
    }

    /// <summary>A lost key is revoked whatever the limit, which makes room for the one that replaces it.</summary>
    private KeyPublished Next(string keyId, KeyUse use, string jwk, DateTimeOffset since, DateTimeOffset now)
    {
        OperatorKey[] recent =
        [
            .. Keys.Where(key => key.Use == use && !key.Revoked && key.ValidFrom > now - KeyWindow)
                .OrderBy(key => key.ValidFrom),
        ];
        if (recent.Length < MaxKeys)
        {
            return new(OperatorId, keyId, use, jwk, since);
        }

        var room = (recent[^MaxKeys].ValidFrom + KeyWindow).ToString("u", CultureInfo.InvariantCulture);
        throw new RefusedException(
            RefusalReason.LimitExceeded,
            $"{MaxKeys} {use.ToString().ToLowerInvariant()} keys were published within {KeyWindow.TotalDays:0} days, "
                + $"and each is kept for ever: the newest stays in use. The next can be published after {room}; a key "
                + "that was lost can be revoked at once, which makes room for another.",
            ("limit", "keys"),
            ("maximum", $"{MaxKeys}"));
    }

    /// <summary>The events that revoke the key from a moment on; none if it is revoked from then or earlier.</summary>
    public object[] Revoke(string keyId, DateTimeOffset from, DateTimeOffset now)
    {
        MustBeActive();
        var key = Keys.FirstOrDefault(one => one.KeyId == keyId)
            ?? throw new RefusedException(
                RefusalReason.NotDisclosed,
                $"Key {keyId} is not disclosed to you, or it does not exist.",
                ("key_id", keyId));
        return key.Revoked && key.ValidUntil <= from ? [] : [new KeyRevoked(OperatorId, keyId, from, now)];
    }

    /// <summary>The event that revokes a client certificate for good; none if it is revoked.</summary>
    public object[] RevokeCertificate(string fingerprint, DateTimeOffset now)
    {
        var revoked = RevokedCertificates ?? [];
        if (revoked.Contains(fingerprint, StringComparer.Ordinal))
        {
            return [];
        }

        return revoked.Count < MaxRevokedCertificates
            ? [new ClientCertificateRevoked(OperatorId, fingerprint, now)]
            : throw new RefusedException(
                RefusalReason.LimitExceeded,
                $"{MaxRevokedCertificates} certificates of this operator are revoked. Retire its clients, or suspend "
                    + "it, until it keeps its keys.",
                ("limit", "revoked_certificates"),
                ("maximum", $"{MaxRevokedCertificates}"));
    }

    private static DateTimeOffset Earliest(DateTimeOffset? one, DateTimeOffset other) =>
        one is { } time && time < other ? time : other;

    public void MustBeActive()
    {
        if (!Active)
        {
            throw new RefusedException(
                RefusalReason.OperatorSuspended,
                $"Operator {OperatorId} is suspended; ask the federation's administrator.",
                ("operator_id", OperatorId.ToString()));
        }
    }

    private static RefusedException Taken(string what, string key, string id) => new(
        RefusalReason.AlreadyExists, $"{what} {id} is taken; choose a new one.", (key, id));
}
