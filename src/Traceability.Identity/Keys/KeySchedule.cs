namespace Traceability.Identity.Keys;

/// <summary>What a key is for.</summary>
internal enum KeyPurpose
{
    /// <summary>Signs access and identity tokens (ES256); its public half is published.</summary>
    Signing,

    /// <summary>Protects codes and refresh tokens, which only the broker reads.</summary>
    Protection,
}

/// <summary>When a key starts to be used.</summary>
internal sealed record KeyTime(string KeyId, DateTimeOffset ActiveAt);

/// <summary>When keys come and go: pure, so that all replicas agree.</summary>
/// <param name="Lifetime">How long a key is used before the next one is.</param>
/// <param name="Notice">How long it is known before it is used.</param>
/// <param name="Kept">How long it stays known after: what was made under it may be that old.</param>
internal sealed record KeySchedule(TimeSpan Lifetime, TimeSpan Notice, TimeSpan Kept)
{
    /// <summary>How often replicas look: at least so often that each knows a key before it is used.</summary>
    public static TimeSpan LookInterval(TimeSpan notice)
    {
        var (shortest, longest) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(1));
        return notice / 4 < shortest ? shortest : notice / 4 > longest ? longest : notice / 4;
    }

    /// <summary>The key in use: the newest whose time has come.</summary>
    public static KeyTime? Current(IEnumerable<KeyTime> keys, DateTimeOffset now) =>
        keys.Where(key => key.ActiveAt <= now).MaxBy(key => key.ActiveAt);

    /// <summary>When a further key, to be made now, starts to be used; null as long as none is due.</summary>
    public DateTimeOffset? Due(IReadOnlyCollection<KeyTime> keys, DateTimeOffset now)
    {
        if (keys.Count == 0)
        {
            return now;
        }

        var next = keys.Max(key => key.ActiveAt) + Lifetime;
        return now < next - Notice ? null
            : now + Notice > next ? now + Notice
            : next;
    }

    /// <summary>Those that nothing can depend on any more: the next one has been in use for long enough.</summary>
    public IEnumerable<string> Gone(IEnumerable<KeyTime> keys, DateTimeOffset now)
    {
        var inOrder = keys.OrderBy(key => key.ActiveAt).ToArray();
        return inOrder.Zip(inOrder.Skip(1)).Where(pair => pair.Second.ActiveAt + Kept <= now)
            .Select(pair => pair.First.KeyId);
    }
}
