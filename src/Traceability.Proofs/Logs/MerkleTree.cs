using System.Numerics;
using System.Security.Cryptography;

namespace Traceability.Proofs.Logs;

/// <summary>The root of a whole subtree: 2^Level leaves, the first of them at Index * 2^Level.</summary>
public readonly record struct MerkleNode(int Level, long Index);

/// <summary>Hash trees of append-only logs (RFC 9162, section 2.1) with SHA-256.</summary>
public static class MerkleTree
{
    public const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>The root of a tree without leaves.</summary>
    public static byte[] EmptyRoot => SHA256.HashData([]);

    public static byte[] LeafHash(ReadOnlySpan<byte> data) => SHA256.HashData([0, .. data]);

    public static byte[] NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        SHA256.HashData([1, .. left, .. right]);

    /// <summary>The root of the leaves from start to end, which must be a subtree of some tree from 0.</summary>
    public static byte[] Root(long start, long end, Func<MerkleNode, byte[]> nodes)
    {
        var count = end - start;
        if (count == 0)
        {
            return EmptyRoot;
        }

        if (BitOperations.IsPow2(count))
        {
            var level = BitOperations.Log2((ulong)count);
            return nodes(new(level, start >> level));
        }

        var split = start + Split(count);
        return NodeHash(Root(start, split, nodes), Root(split, end, nodes));
    }

    /// <summary>The nodes that a new leaf completes, from its own upwards.</summary>
    public static IEnumerable<(MerkleNode Node, byte[] Hash)> Complete(
        long index, byte[] leafHash, Func<MerkleNode, byte[]> nodes)
    {
        var (level, hash) = (0, leafHash);
        yield return (new(level, index), hash);
        for (; (index & 1) == 1; index >>= 1)
        {
            hash = NodeHash(nodes(new(level, index - 1)), hash);
            level++;
            yield return (new(level, index >> 1), hash);
        }
    }

    /// <summary>Shows that a leaf is in a tree (RFC 9162, section 2.1.3.1): the siblings on the way up.</summary>
    public static IReadOnlyList<byte[]> InclusionProof(long index, long size, Func<MerkleNode, byte[]> nodes)
    {
        List<byte[]> proof = [];
        Climb(0, size);
        return proof;

        void Climb(long start, long end)
        {
            if (end - start <= 1)
            {
                return;
            }

            var split = start + Split(end - start);
            var (inside, sibling) = index < split ? ((start, split), (split, end)) : ((split, end), (start, split));
            Climb(inside.Item1, inside.Item2);
            proof.Add(Root(sibling.Item1, sibling.Item2, nodes));
        }
    }

    /// <summary>Shows that a tree is the beginning of a larger one (RFC 9162, section 2.1.4.1).</summary>
    public static IReadOnlyList<byte[]> ConsistencyProof(long oldSize, long size, Func<MerkleNode, byte[]> nodes)
    {
        List<byte[]> proof = [];
        if (oldSize > 0 && oldSize < size)
        {
            Climb(0, size, whole: true);
        }

        return proof;

        void Climb(long start, long end, bool whole)
        {
            if (oldSize == end)
            {
                if (!whole)
                {
                    proof.Add(Root(start, end, nodes));
                }

                return;
            }

            var split = start + Split(end - start);
            if (oldSize <= split)
            {
                Climb(start, split, whole);
                proof.Add(Root(split, end, nodes));
            }
            else
            {
                Climb(split, end, whole: false);
                proof.Add(Root(start, split, nodes));
            }
        }
    }

    /// <summary>Whether the proof leads from the leaf to the root (RFC 9162, section 2.1.3.2).</summary>
    public static bool Includes(
        byte[] root, long size, byte[] leafHash, long index, IReadOnlyList<byte[]> proof)
    {
        if (index < 0 || index >= size || proof.Concat([root, leafHash]).Any(hash => hash.Length != HashBytes))
        {
            return false;
        }

        var (node, last, hash) = (index, size - 1, leafHash);
        foreach (var sibling in proof)
        {
            if (last == 0)
            {
                return false;
            }

            hash = Step(ref node, ref last, hash, sibling);
        }

        return last == 0 && hash.AsSpan().SequenceEqual(root);
    }

    /// <summary>Whether the first tree is the beginning of the second (RFC 9162, section 2.1.4.2).</summary>
    public static bool Extends(
        byte[] oldRoot, long oldSize, byte[] root, long size, IReadOnlyList<byte[]> proof)
    {
        if (oldSize < 1 || oldSize > size || proof.Concat([oldRoot, root]).Any(hash => hash.Length != HashBytes))
        {
            return false;
        }

        if (oldSize == size)
        {
            return proof.Count == 0 && oldRoot.AsSpan().SequenceEqual(root);
        }

        // A whole subtree is its own beginning.
        IReadOnlyList<byte[]> path = BitOperations.IsPow2(oldSize) ? [oldRoot, .. proof] : proof;
        if (path.Count == 0)
        {
            return false;
        }

        var (node, last) = (oldSize - 1, size - 1);
        while ((node & 1) == 1)
        {
            (node, last) = (node >> 1, last >> 1);
        }

        var (before, now) = (path[0], path[0]);
        foreach (var sibling in path.Skip(1))
        {
            if (last == 0)
            {
                return false;
            }

            if ((node & 1) == 1 || node == last)
            {
                before = NodeHash(sibling, before);
            }

            now = Step(ref node, ref last, now, sibling);
        }

        return last == 0 && before.AsSpan().SequenceEqual(oldRoot) && now.AsSpan().SequenceEqual(root);
    }

    /// <summary>Joins with the sibling and goes up; it is left of a right child and of the last of a level.</summary>
    private static byte[] Step(ref long node, ref long last, byte[] hash, byte[] sibling)
    {
        var isLeft = (node & 1) == 0 && node != last;
        // The last node of a level without a sibling there has moved up unchanged.
        while (!isLeft && (node & 1) == 0 && node != 0)
        {
            (node, last) = (node >> 1, last >> 1);
        }

        (node, last) = (node >> 1, last >> 1);
        return isLeft ? NodeHash(hash, sibling) : NodeHash(sibling, hash);
    }

    /// <summary>The largest power of two that is smaller.</summary>
    private static long Split(long count) => 1L << BitOperations.Log2((ulong)(count - 1));
}
