using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Trust;
using Traceability.Proofs;
using Traceability.Proofs.Logs;
using KeyEntry = Traceability.Contracts.Broker.V1.KeyEntry;

namespace Traceability.Node.Operators;

/// <summary>
/// What the node says of its operator's keys in the key log. An entry is kept before it is sent: one in the log that is
/// not kept here was made by somebody else.
/// </summary>
internal static class OwnKeys
{
    /// <summary>
    /// Publishes what is in use and not published yet, and what was published before there was a log. Again changes
    /// nothing.
    /// </summary>
    public static async Task PublishAsync(this HostedOperator op, CancellationToken cancellationToken)
    {
        if (op.Keys.ArePublished)
        {
            return;
        }

        await op.Rotating.WaitAsync(cancellationToken);
        try
        {
            var (chain, published) = await ChainAsync(op, cancellationToken);
            if (chain.Entries.Count == 0)
            {
                chain = await CarryOverAsync(op, chain, published, cancellationToken);
            }

            foreach (var use in new[] { KeyUse.Signing, KeyUse.Sealing, KeyUse.Log })
            {
                var (jwk, keyId) = op.Keys.InUse(use);
                if (chain.Keys.All(key => key.KeyId != keyId))
                {
                    chain = await PublishAsync(op, chain, use, jwk, null, cancellationToken);
                }
            }

            op.Keys.ArePublished = true;
        }
        finally
        {
            op.Rotating.Release();
        }
    }

    /// <summary>A new key takes the place of the one in use.</summary>
    public static async Task<PrivateKey> RotateAsync(
        this HostedOperator op, KeyUse use, CancellationToken cancellationToken)
    {
        await op.PublishAsync(cancellationToken);
        await op.Rotating.WaitAsync(cancellationToken);
        try
        {
            return await op.Keys.RotateAsync(use, async key =>
            {
                var (chain, _) = await ChainAsync(op, cancellationToken);
                if (chain.Keys.All(one => one.KeyId != key.Public.KeyId))
                {
                    await PublishAsync(op, chain, use, key.Public.ToJwk(), null, cancellationToken);
                }
            });
        }
        finally
        {
            op.Rotating.Release();
        }
    }

    public static async Task RevokeAsync(
        this HostedOperator op, string keyId, DateTimeOffset? from, CancellationToken cancellationToken)
    {
        await op.PublishAsync(cancellationToken);
        await op.Rotating.WaitAsync(cancellationToken);
        try
        {
            var (chain, _) = await ChainAsync(op, cancellationToken);
            var key = chain.Keys.First(one => one.KeyId == keyId);
            await RevokeAsync(op, chain, key, from, cancellationToken);
        }
        finally
        {
            op.Rotating.Release();
        }
    }

    /// <summary>The key of this node is announced in the place of one that was lost.</summary>
    /// <returns>When it will count.</returns>
    public static async Task<DateTimeOffset> RecoverAsync(this HostedOperator op, CancellationToken cancellationToken)
    {
        await op.Rotating.WaitAsync(cancellationToken);
        try
        {
            var (chain, _) = await ChainAsync(op, cancellationToken);
            var key = op.Keys.Signing;
            if (chain.Keys.FirstOrDefault(one => one.KeyId == key.Public.KeyId) is { } announced)
            {
                return announced.ValidFrom;
            }

            var entry = chain.Next(KeyAct.Recover, KeyUses.Signing, key.Public.ToJwk(), op.Now);
            entry = entry with { Since = entry.Time + op.KeyLog.RecoveryDelay };
            var bytes = entry.ToBytes();
            await SendAsync(
                op, KeyUse.Signing, entry.Jwk, new(bytes, KeyEntrySignature.Possession(key, bytes), []),
                cancellationToken);
            return entry.Since;
        }
        finally
        {
            op.Rotating.Release();
        }
    }

    private static async Task<(KeyChain Chain, IReadOnlyList<OperatorKey> Published)> ChainAsync(
        HostedOperator op, CancellationToken cancellationToken)
    {
        var own = await op.Broker.OperatorAsync(op.OperatorId, cancellationToken);
        try
        {
            op.OwnChain = op.OwnChain.Continued([.. own.KeyEntries.Select(KeyLog.Signed)], op.KeyLog.RecoveryDelay);
            return (op.OwnChain, own.Keys);
        }
        catch (ProofException exception)
        {
            throw KeyLog.NotProven(op.OperatorId, exception.Message);
        }
    }

    /// <summary>Keys from before there was a log come into it with their times, in their order.</summary>
    private static async Task<KeyChain> CarryOverAsync(
        HostedOperator op, KeyChain chain, IReadOnlyList<OperatorKey> published, CancellationToken cancellationToken)
    {
        foreach (var key in published.Where(op.Keys.Has).OrderBy(key => key.Use))
        {
            chain = await PublishAsync(
                op, chain, key.Use, key.Jwk, key.ValidFromTime.ToDateTimeOffset(), cancellationToken);
        }

        foreach (var key in published.Where(key => key.Revoked))
        {
            if (chain.Keys.FirstOrDefault(one => one.KeyId == key.KeyId) is { } logged)
            {
                chain = await RevokeAsync(
                    op, chain, logged, key.ValidUntilTime.ToDateTimeOffset(), cancellationToken);
            }
        }

        return chain;
    }

    private static async Task<KeyChain> PublishAsync(
        HostedOperator op, KeyChain chain, KeyUse use, string jwk, DateTimeOffset? since,
        CancellationToken cancellationToken)
    {
        var entry = chain.Next(KeyAct.Publish, NameOf(use), jwk, op.Now, since);
        var bytes = entry.ToBytes();
        var signed = new SignedKeyEntry(
            bytes, op.Keys.Possession(use, entry.KeyId, bytes),
            chain.Entries.Count == 0 ? [] : KeyEntrySignature.Continuity(Head(op, chain, entry.Time), bytes));
        return await SendAsync(op, chain, use, entry, signed, cancellationToken);
    }

    private static async Task<KeyChain> RevokeAsync(
        HostedOperator op, KeyChain chain, LoggedKey key, DateTimeOffset? from, CancellationToken cancellationToken)
    {
        var entry = chain.Next(KeyAct.Revoke, key.Use, key.Jwk, op.Now, from);
        // Clocks differ, and what the caller's says is now may be a moment ahead of this one.
        entry = entry.Since > entry.Time ? entry with { Time = entry.Since } : entry;
        var bytes = entry.ToBytes();
        var signed = new SignedKeyEntry(
            bytes, [], KeyEntrySignature.Continuity(Head(op, chain, entry.Time), bytes));
        op.Keys.Remember(signed);
        await op.Broker.Directory.RevokeKeyAsync(
            new RevokeKeyRequest
            {
                KeyId = key.KeyId,
                RevokeTime = entry.Since.ToTimestamp(),
                Entry = ToWire(signed),
            },
            await op.Broker.CallAsync(cancellationToken));
        return chain.Append(signed, op.KeyLog.RecoveryDelay);
    }

    private static async Task<KeyChain> SendAsync(
        HostedOperator op, KeyChain chain, KeyUse use, Proofs.Logs.KeyEntry entry, SignedKeyEntry signed,
        CancellationToken cancellationToken)
    {
        await SendAsync(op, use, entry.Jwk, signed, cancellationToken);
        return chain.Append(signed, op.KeyLog.RecoveryDelay);
    }

    private static async Task SendAsync(
        HostedOperator op, KeyUse use, string jwk, SignedKeyEntry signed, CancellationToken cancellationToken)
    {
        op.Keys.Remember(signed);
        await op.Broker.Directory.PublishKeyAsync(
            new PublishKeyRequest { Use = use, Jwk = jwk, Entry = ToWire(signed) },
            await op.Broker.CallAsync(cancellationToken));
        // What is sent from now on tells others of it.
        await op.KeyLog.CatchUpAsync(op.Broker, long.MaxValue, cancellationToken);
    }

    private static PrivateKey Head(HostedOperator op, KeyChain chain, DateTimeOffset time) =>
        chain.Head(time) is { } head && op.Keys.FindSigning(head.KeyId) is { } key
            ? key
            : throw KeyLog.NotProven(
                op.OperatorId,
                "This node does not have the signing key that the log names last: restore its folder of keys, or "
                    + "have the key recovered (`trace keys recover`).");

    private static string NameOf(KeyUse use) => use.ToString().ToLowerInvariant();

    private static KeyEntry ToWire(SignedKeyEntry signed) => new()
    {
        Entry = ByteString.CopyFrom(signed.Entry),
        Possession = ByteString.CopyFrom(signed.Possession),
        Continuity = ByteString.CopyFrom(signed.Continuity),
    };
}
