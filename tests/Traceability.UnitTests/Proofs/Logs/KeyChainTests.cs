using System.Text;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using Xunit;

namespace Traceability.UnitTests.Proofs.Logs;

/// <summary>What follows from the entries of one owner, and what does not.</summary>
public class KeyChainTests
{
    private static readonly Guid Owner = Guid.CreateVersion7();
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 9, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Delay = KeyChain.RecoveryDelay;

    private readonly PrivateKey _first = PrivateKey.Create();
    private readonly PrivateKey _second = PrivateKey.Create();
    private readonly PrivateKey _sealing = PrivateKey.Create();

    [Fact]
    public void Keys_follow_each_other_and_each_is_valid_until_the_next_of_its_use()
    {
        var log = LogKeys.Of(LogKeys.OriginOf(Owner), new byte[32]).Signer;
        var chain = Add(Add(Begun(), _sealing, KeyUses.Sealing, _first), _second, KeyUses.Signing, _first, Now.AddDays(1));
        var entry = chain.Next(KeyAct.Publish, KeyUses.Log, OctetKey.ToJwk(log.Verifier.PublicKey), Now.AddDays(2)).ToBytes();
        chain = chain.Append(
            new(entry, KeyEntrySignature.Possession(log, entry), KeyEntrySignature.Continuity(_second, entry)), Delay);

        Assert.Equal(
            [
                (_first.Public.KeyId, Now, Now.AddDays(1)), (_sealing.Public.KeyId, Now, null),
                (_second.Public.KeyId, Now.AddDays(1), null),
                (OctetKey.KeyId(log.Verifier.PublicKey), Now.AddDays(2), (DateTimeOffset?)null),
            ],
            chain.Keys.Select(key => (key.KeyId, key.ValidFrom, key.ValidUntil)));
        Assert.Equal(_first.Public.KeyId, chain.Fingerprint);
        Assert.Equal(_second.Public.KeyId, chain.Head(Now.AddDays(1))!.KeyId);
    }

    [Fact]
    public void Every_changed_bit_of_an_entry_is_refused()
    {
        var chain = Begun();
        var good = Signed(chain, _sealing, KeyUses.Sealing, _first);
        chain.Append(good, Delay);
        for (var bit = 0; bit < good.Entry.Length * 8; bit++)
        {
            Refused(chain, good with { Entry = Flip(good.Entry, bit) });
        }

        for (var bit = 0; bit < good.Possession.Length * 8; bit += 7)
        {
            Refused(chain, good with { Possession = Flip(good.Possession, bit) });
            Refused(chain, good with { Continuity = Flip(good.Continuity, bit) });
        }
    }

    [Fact]
    public void A_key_that_its_publisher_does_not_have_is_refused()
    {
        var entry = Begun().Next(KeyAct.Publish, KeyUses.Sealing, _sealing.Public.ToJwk(), Now).ToBytes();
        Refused(Begun(), new(entry, KeyEntrySignature.Possession(_second, entry), KeyEntrySignature.Continuity(_first, entry)));
    }

    [Fact]
    public void A_key_without_the_signature_of_the_one_before_it_is_refused()
    {
        Refused(Begun(), Signed(Begun(), _second, KeyUses.Signing, null));
        Refused(Begun(), Signed(Begun(), _second, KeyUses.Signing, _second));
        Refused(Begun(), Signed(Begun(), _sealing, KeyUses.Sealing, _sealing));
    }

    [Fact]
    public void The_first_is_a_signing_key() =>
        Refused(KeyChain.Empty(Owner), Signed(KeyChain.Empty(Owner), _sealing, KeyUses.Sealing, null));

    [Fact]
    public void An_entry_of_another_place_or_owner_is_refused()
    {
        var chain = Begun();
        var longer = Add(chain, _sealing, KeyUses.Sealing, _first);
        Refused(chain, Signed(longer, _second, KeyUses.Signing, _first));
        Refused(longer, Signed(chain, _second, KeyUses.Signing, _first));
        Refused(longer, longer.Entries[^1]);
        var other = KeyChain.Empty(Guid.CreateVersion7());
        Refused(KeyChain.Empty(Owner), Signed(other, _first, KeyUses.Signing, null));
    }

    [Fact]
    public void Keys_from_before_there_was_a_log_keep_their_times_and_nothing_later_is_dated_back()
    {
        var chain = Carried(KeyChain.Empty(Owner), _first, null, Now.AddDays(-30));
        chain = Carried(chain, _second, _first, Now.AddDays(-10));
        Assert.Equal(Now.AddDays(-10), chain.Keys[0].ValidUntil);
        var lost = chain.Next(KeyAct.Revoke, KeyUses.Signing, _first.Public.ToJwk(), Now, Now.AddDays(-20)).ToBytes();
        chain = chain.Append(new(lost, [], KeyEntrySignature.Continuity(_second, lost)), Delay);
        Assert.Equal((Now.AddDays(-20), true), (chain.Keys[0].ValidUntil, chain.Keys[0].Revoked));

        var now = Add(chain, _sealing, KeyUses.Sealing, _second);
        Assert.Throws<ProofException>(() => Carried(now, PrivateKey.Create(), _second, Now.AddDays(-5)));
    }

    [Fact]
    public void A_lost_key_is_followed_late_and_until_then_the_one_before_can_object()
    {
        var chain = Begun();
        Assert.Throws<ProofException>(() => Recovered(chain, Delay - TimeSpan.FromSeconds(1)));
        var announced = Recovered(chain, Delay);

        Assert.Equal(_first.Public.KeyId, announced.Head(Now.AddDays(6))!.KeyId);
        Assert.Equal(_first.Public.KeyId, announced.Current(KeyUses.Signing, Now.AddDays(6))!.KeyId);
        Assert.Equal(_second.Public.KeyId, announced.Pending(Now)!.KeyId);
        Assert.Equal(_second.Public.KeyId, announced.Head(Now.AddDays(7))!.KeyId);
        Assert.Equal(_second.Public.KeyId, announced.Current(KeyUses.Signing, Now.AddDays(7))!.KeyId);
        Refused(announced, Signed(announced, _sealing, KeyUses.Sealing, _second, Now.AddDays(6)));
        Add(announced, _sealing, KeyUses.Sealing, _second, Now.AddDays(7));

        var no = announced.Next(KeyAct.Revoke, KeyUses.Signing, _second.Public.ToJwk(), Now.AddDays(1)).ToBytes();
        var objected = announced.Append(new(no, [], KeyEntrySignature.Continuity(_first, no)), Delay);
        Assert.Equal(_first.Public.KeyId, objected.Head(Now.AddDays(8))!.KeyId);
        Assert.Equal(_first.Public.KeyId, objected.Current(KeyUses.Signing, Now.AddDays(8))!.KeyId);
        Assert.Null(objected.Pending(Now.AddDays(1)));
    }

    /// <summary>Who holds all leaves recomputes what anybody was shown.</summary>
    [Fact]
    public void A_tree_of_all_leaves_has_every_root_it_ever_had()
    {
        var tree = new KeyTree();
        List<byte[]> roots = [tree.Root(0)];
        for (var count = 0; count < 70; count++)
        {
            var leaf = KeyTree.Leaf(count % 3 == 0 ? Owner : Guid.CreateVersion7(), Encoding.UTF8.GetBytes($"{count,32}"));
            roots.Add(tree.RootWith(leaf));
            tree.Append(leaf);
        }

        Assert.All(roots.Index(), root => Assert.Equal(root.Item, tree.Root(root.Index)));
        Assert.Equal(Enumerable.Range(0, 24).Select(index => index * 3L), tree.Of(Owner).Select(leaf => leaf.Index));
        Assert.True(MerkleTree.Includes(
            tree.Root(70), 70, MerkleTree.LeafHash(KeyTree.Leaf(Owner, tree.Of(Owner)[5].Hash)), 15,
            tree.InclusionProof(15, 70)));
    }

    private KeyChain Begun() => Add(KeyChain.Empty(Owner), _first, KeyUses.Signing, null);

    private static KeyChain Add(
        KeyChain chain, PrivateKey key, string use, PrivateKey? head, DateTimeOffset? time = null) =>
        chain.Append(Signed(chain, key, use, head, time), Delay);

    private static KeyChain Carried(KeyChain chain, PrivateKey key, PrivateKey? head, DateTimeOffset since) =>
        chain.Append(
            Signed(chain.Next(KeyAct.Publish, KeyUses.Signing, key.Public.ToJwk(), Now, since), key, head), Delay);

    private KeyChain Recovered(KeyChain chain, TimeSpan after) => chain.Append(
        Signed(chain.Next(KeyAct.Recover, KeyUses.Signing, _second.Public.ToJwk(), Now, Now + after), _second, null), Delay);

    private static SignedKeyEntry Signed(
        KeyChain chain, PrivateKey key, string use, PrivateKey? head, DateTimeOffset? time = null) =>
        Signed(chain.Next(KeyAct.Publish, use, key.Public.ToJwk(), time ?? Now), key, head);

    private static SignedKeyEntry Signed(KeyEntry entry, PrivateKey key, PrivateKey? head)
    {
        var bytes = entry.ToBytes();
        return new(
            bytes, KeyEntrySignature.Possession(key, bytes), head is null ? [] : KeyEntrySignature.Continuity(head, bytes));
    }

    private static void Refused(KeyChain chain, SignedKeyEntry entry) =>
        Assert.Throws<ProofException>(() => chain.Append(entry, Delay));

    private static byte[] Flip(byte[] bytes, int bit)
    {
        byte[] flipped = [.. bytes];
        flipped[bit / 8] ^= (byte)(1 << bit % 8);
        return flipped;
    }
}
