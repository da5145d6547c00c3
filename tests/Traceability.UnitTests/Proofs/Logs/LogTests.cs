using System.Text;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Xunit;

namespace Traceability.UnitTests.Proofs.Logs;

public class LogTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(value => (byte)value)];

    [Fact]
    public void Every_leaf_of_every_size_is_proved_and_no_other()
    {
        for (var size = 1; size <= 40; size++)
        {
            var tree = Tree(size);
            var root = MerkleTree.Root(0, size, node => tree[node]);
            for (var index = 0; index < size; index++)
            {
                var proof = MerkleTree.InclusionProof(index, size, node => tree[node]);

                Assert.True(MerkleTree.Includes(root, size, Leaf(index), index, proof));
                Assert.False(MerkleTree.Includes(root, size, Leaf(index + 1), index, proof));
                Assert.False(MerkleTree.Includes(root, size, Leaf(index), (index + 1) % (size + 1), proof));
            }
        }
    }

    [Fact]
    public void Every_size_is_proved_to_be_the_beginning_of_every_larger_one()
    {
        var tree = Tree(40);
        for (var size = 1; size <= 40; size++)
        {
            for (var old = 1; old <= size; old++)
            {
                var (before, now) = (MerkleTree.Root(0, old, Node), MerkleTree.Root(0, size, Node));
                var proof = MerkleTree.ConsistencyProof(old, size, Node);

                Assert.True(MerkleTree.Extends(before, old, now, size, proof));
                Assert.False(MerkleTree.Extends(MerkleTree.LeafHash([7]), old, now, size, proof));
            }
        }

        byte[] Node(MerkleNode node) => tree[node];
    }

    /// <summary>The example of RFC 9162's predecessor, section 2.1.3 of RFC 6962: nothing hashes to the hash of nothing.</summary>
    [Fact]
    public void A_tree_without_leaves_has_the_hash_of_nothing() => Assert.Equal(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        Convert.ToHexStringLower(MerkleTree.EmptyRoot));

    /// <summary>RFC 8032, section 7.1, test 1.</summary>
    [Fact]
    public void Ed25519_signs_as_its_standard_says()
    {
        var secret = Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");

        Assert.Equal(
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            Convert.ToHexStringLower(Ed25519.PublicKey(secret)));
        Assert.Equal(
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            Convert.ToHexStringLower(Ed25519.Sign(secret, [])));
    }

    [Fact]
    public void A_checkpoint_is_signed_by_its_log_and_cosigned_by_a_witness()
    {
        var (log, witness) = (new NoteSigner("log.example/1", Key), new NoteSigner("witness.example", [.. Key.Reverse()]));
        var now = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);
        var note = log.Sign(new Checkpoint("log.example/1", 3, MerkleTree.LeafHash([1])).Text);

        var cosigned = SignedNote.Parse($"{note}{witness.Cosign(note.Text, now)}\n");

        Assert.True(log.Verifier.HasSigned(cosigned));
        Assert.Equal(now, witness.Witness.SeenAt(cosigned));
        Assert.False(witness.Verifier.HasSigned(cosigned));
        Assert.Null(log.Witness.SeenAt(cosigned));
    }

    [Fact]
    public void A_changed_checkpoint_is_not_signed()
    {
        var log = new NoteSigner("log.example/1", Key);
        var note = log.Sign(new Checkpoint("log.example/1", 3, MerkleTree.LeafHash([1])).Text).ToString();

        var changed = SignedNote.Parse(note.Replace("\n3\n", "\n4\n", StringComparison.Ordinal));

        Assert.Throws<ProofException>(() => log.Verifier.HasSigned(changed));
    }

    private static byte[] Leaf(int index) => MerkleTree.LeafHash(Encoding.UTF8.GetBytes($"{index}"));

    private static Dictionary<MerkleNode, byte[]> Tree(int size)
    {
        Dictionary<MerkleNode, byte[]> nodes = [];
        for (var index = 0; index < size; index++)
        {
            foreach (var (node, hash) in MerkleTree.Complete(index, Leaf(index), node => nodes[node]).ToArray())
            {
                nodes[node] = hash;
            }
        }

        return nodes;
    }
}
