using System.Collections.Frozen;

namespace Traceability.Hosting;

/// <summary>
/// The fingerprints of the client certificates with which nobody is let in, as far as this server knows. The broker
/// keeps the list; a node follows it.
/// </summary>
public sealed class RevokedCertificates
{
    private readonly Lock _adding = new();
    private volatile FrozenSet<string> _known = FrozenSet<string>.Empty;

    /// <summary>In order.</summary>
    public IReadOnlyList<string> All => [.. _known.Order(StringComparer.Ordinal)];

    public bool Contains(string fingerprint) => _known.Contains(fingerprint);

    /// <summary>What is revoked stays revoked: a list that is shorter than the one before takes nothing back.</summary>
    public void Add(IReadOnlyCollection<string> fingerprints)
    {
        lock (_adding)
        {
            if (!fingerprints.All(_known.Contains))
            {
                _known = _known.Union(fingerprints).ToFrozenSet(StringComparer.Ordinal);
            }
        }
    }
}
