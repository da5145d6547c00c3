using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Broker.V1;
using Traceability.Local.Federation;
using Traceability.Proofs;
using Traceability.Proofs.Keeping;
using Traceability.Proofs.Logs;
using KeyEntry = Traceability.Proofs.Logs.KeyEntry;
using WireEntry = Traceability.Contracts.Broker.V1.KeyEntry;

namespace Traceability.IntegrationTests.Harness;

/// <summary>The keys of a member that no node speaks for: the test publishes them, and cosigns the key log.</summary>
/// <param name="client">In the name of the member.</param>
/// <param name="operatorId">The member.</param>
internal sealed class KeysByHand(FederationClient client, Guid operatorId)
{
    private readonly NoteSigner _log =
        LogKeys.Of(LogKeys.OriginOf(operatorId), RandomNumberGenerator.GetBytes(32)).Signer;
    private readonly DirectoryService.DirectoryServiceClient _directory = new(client.Channel);
    private readonly KeyLogService.KeyLogServiceClient _keyLog = new(client.Channel);

    /// <summary>What stands in the log, and in the directory.</summary>
    public KeyChain Chain { get; private set; } = KeyChain.Empty(operatorId);

    /// <summary>The signing key by which the next entry is signed.</summary>
    public PrivateKey? Head { get; private set; }

    /// <summary>A secret file of a company, as whoever runs its node could read it.</summary>
    public static byte[] Read(LocalFederation federation, Company company, string node, string name)
    {
        var store = new FileKeyStore(federation.KeySecretFile(node));
        return KeyFolder.Open(company.OperatorId, federation.KeyFolder(company.Name), store, store).Read(name);
    }

    public async Task PublishAsync(KeyUse use, PrivateKey key)
    {
        var entry = Chain.Next(
            KeyAct.Publish, use.ToString().ToLowerInvariant(), key.Public.ToJwk(), TimeProvider.System.GetUtcNow());
        var bytes = entry.ToBytes();
        await PublishAsync(use, entry, KeyEntrySignature.Possession(key, bytes));
        Head = use == KeyUse.Signing ? key : Head;
    }

    public async Task PublishLogKeyAsync()
    {
        var entry = Chain.Next(
            KeyAct.Publish, KeyUses.Log, OctetKey.ToJwk(_log.Verifier.PublicKey), TimeProvider.System.GetUtcNow());
        await PublishAsync(KeyUse.Log, entry, KeyEntrySignature.Possession(_log, entry.ToBytes()));
    }

    public async Task RevokeAsync(PrivateKey key, DateTimeOffset since)
    {
        var entry = Chain.Next(
            KeyAct.Revoke, KeyUses.Signing, key.Public.ToJwk(), TimeProvider.System.GetUtcNow(), since);
        var bytes = entry.ToBytes();
        var signed = new SignedKeyEntry(bytes, [], KeyEntrySignature.Continuity(Head!, bytes));
        await _directory.RevokeKeyAsync(
            new() { KeyId = key.Public.KeyId, RevokeTime = since.ToTimestamp(), Entry = ToWire(signed) }, client.Call);
        Chain = Chain.Append(signed, KeyChain.RecoveryDelay);
    }

    /// <summary>Cosigns the newest checkpoint, once it has at least so many leaves.</summary>
    public async Task CosignAsync(long leaves, CancellationToken deadline)
    {
        Checkpoint? newest = null;
        await Wait.UntilAsync(
            async () =>
            {
                var shown = await _keyLog.ListKeyLeavesAsync(new(), client.Call);
                newest = shown.Checkpoints.Select(note => Checkpoint.Parse(SignedNote.Parse(note).Text)).FirstOrDefault();
                return newest?.Size >= leaves;
            },
            deadline);
        await _keyLog.AddKeyLogCosignatureAsync(
            new()
            {
                Size = newest!.Size,
                Cosignature = $"{_log.Cosign(newest.Text, TimeProvider.System.GetUtcNow())}",
            },
            client.Call);
    }

    public static WireEntry ToWire(SignedKeyEntry signed) => new()
    {
        Entry = ByteString.CopyFrom(signed.Entry),
        Possession = ByteString.CopyFrom(signed.Possession),
        Continuity = ByteString.CopyFrom(signed.Continuity),
    };

    private async Task PublishAsync(KeyUse use, KeyEntry entry, byte[] possession)
    {
        var bytes = entry.ToBytes();
        var signed = new SignedKeyEntry(
            bytes, possession, Head is null ? [] : KeyEntrySignature.Continuity(Head, bytes));
        await _directory.PublishKeyAsync(
            new() { Use = use, Jwk = entry.Jwk, Entry = ToWire(signed) }, client.Call);
        Chain = Chain.Append(signed, KeyChain.RecoveryDelay);
    }
}
