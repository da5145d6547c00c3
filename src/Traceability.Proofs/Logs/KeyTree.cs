using System.Security.Cryptography;
using System.Text;

namespace Traceability.Proofs.Logs;

/// <summary>
/// The whole key log in memory: 64 bytes for each entry, of which nobody learns whose it is who does not know the
/// owner. Who has all leaves recomputes every root there ever was, and knows which entries there are, and that there
/// are no others.
/// </summary>
public sealed class KeyTree
{
    /// <summary>The owner's tag, and the hash of the entry.</summary>
    public const int LeafBytes = 2 * MerkleTree.HashBytes;

    private readonly List<List<byte[]>> _levels = [];
    private readonly Dictionary<string, List<(long Index, byte[] Hash)>> _owners = new(StringComparer.Ordinal);

    public long Size { get; private set; }

    /// <summary>Always the same for one owner, and says nothing to those who do not know it.</summary>
    public static byte[] Tag(Guid ownerId) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"traceability/key-log/owner\n{ownerId}"));

    public static byte[] Leaf(Guid ownerId, byte[] entryHash) => [.. Tag(ownerId), .. entryHash];

    public void Append(byte[] leaf)
    {
        if (leaf.Length != LeafBytes)
        {
            throw ProofException.Malformed("key leaf");
        }

        foreach (var (node, hash) in MerkleTree.Complete(Size, MerkleTree.LeafHash(leaf), Node))
        {
            while (_levels.Count <= node.Level)
            {
                _levels.Add([]);
            }

            _levels[node.Level].Add(hash);
        }

        var tag = Convert.ToHexString(leaf.AsSpan(0, MerkleTree.HashBytes));
        if (!_owners.TryGetValue(tag, out var entries))
        {
            _owners[tag] = entries = [];
        }

        entries.Add((Size, leaf[MerkleTree.HashBytes..]));
        Size++;
    }

    /// <summary>At any size that it had.</summary>
    public byte[] Root(long size) => size <= Size
        ? MerkleTree.Root(0, size, Node)
        : throw new ArgumentOutOfRangeException(nameof(size), size, "The log was never as long.");

    /// <summary>The root if one more leaf were there.</summary>
    public byte[] RootWith(byte[] leaf)
    {
        Dictionary<MerkleNode, byte[]> made = [];
        foreach (var (node, hash) in MerkleTree.Complete(Size, MerkleTree.LeafHash(leaf), Find))
        {
            made[node] = hash;
        }

        return MerkleTree.Root(0, Size + 1, Find);

        byte[] Find(MerkleNode node) => made.GetValueOrDefault(node) ?? Node(node);
    }

    /// <summary>The hashes of one owner's entries, in order, with their places in the log.</summary>
    public IReadOnlyList<(long Index, byte[] Hash)> Of(Guid ownerId) =>
        _owners.GetValueOrDefault(Convert.ToHexString(Tag(ownerId))) ?? [];

    public byte[] LeafHash(long index) => _levels[0][(int)index];

    /// <summary>To be tried on: what is added to it is not added here.</summary>
    public KeyTree Copy()
    {
        var copy = new KeyTree { Size = Size };
        copy._levels.AddRange(_levels.Select(level => new List<byte[]>(level)));
        foreach (var (tag, entries) in _owners)
        {
            copy._owners[tag] = [.. entries];
        }

        return copy;
    }

    /// <summary>That the leaf at a place is in the tree of some size, for those who have not all leaves.</summary>
    public IReadOnlyList<byte[]> InclusionProof(long index, long size) =>
        MerkleTree.InclusionProof(index, size, Node);

    private byte[] Node(MerkleNode node) => _levels[node.Level][(int)node.Index];
}
