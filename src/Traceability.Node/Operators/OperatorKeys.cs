using System.Security.Cryptography;
using Traceability.Contracts.Broker.V1;
using Traceability.Evidence;
using Traceability.Proofs;
using Traceability.Proofs.Keeping;
using Traceability.Proofs.Logs;

namespace Traceability.Node.Operators;

/// <summary>
/// An operator's secret keys: each in a file of its own, encrypted for this operator (<see cref="KeyFolder"/>),
/// readable by the node's user only. Keys that were replaced stay: what was sealed to them can still be opened.
/// </summary>
internal sealed class OperatorKeys
{
    private const int ReferenceKeyBytes = 32;
    private const string ReferenceKey = "part-reference.key";
    private const string LogKey = "log.key";

    private readonly OperatorId _operatorId;
    private readonly string _folder;
    private readonly KeyFolder _files;
    private readonly byte[] _referenceKey;
    private readonly Dictionary<KeyUse, List<PrivateKey>> _keys;
    private readonly HashSet<string> _made;

    private OperatorKeys(OperatorId operatorId, string folder, KeyFolder files)
    {
        (_operatorId, _folder, _files) = (operatorId, folder, files);
        _keys = new[] { KeyUse.Signing, KeyUse.Sealing }.ToDictionary(use => use, Load);
        _referenceKey = RandomKey(ReferenceKey);
        Log = LogKeys.Of(LogKeys.OriginOf(operatorId.Value), RandomKey(LogKey));
        Directory.CreateDirectory(Entries);
        _made = ReadMade();
        KeyFolder.WriteFile(Path.Combine(folder, "fingerprint"), Fingerprint);
    }

    /// <summary>Of the first key with which the operator signs: to be read to those who compare it.</summary>
    private string Fingerprint => _keys[KeyUse.Signing][0].Public.KeyId;

    /// <summary>Whether all that is in use was found in the key log since this process was started.</summary>
    public bool ArePublished { get; set; }

    private string Entries => Path.Combine(_folder, "entries");

    /// <summary>With which the operator's log is sealed and signed.</summary>
    public LogKeys Log { get; }

    public PrivateKey Signing => _keys[KeyUse.Signing][^1];

    /// <summary>Newest first.</summary>
    public IEnumerable<PrivateKey> Sealing => Enumerable.Reverse(_keys[KeyUse.Sealing]);

    /// <summary>The operator's own signing keys, in use or replaced: what it signed itself it believes.</summary>
    public KeyRing OwnRing => new(_keys[KeyUse.Signing].Select(key => new SigningKey(
        _operatorId, key.Public.KeyId, key.Public.ToJwk(), DateTimeOffset.MinValue, null)));

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<(KeyUse Use, PrivateKey Key, bool Current)> All =>
    [
        .. _keys.SelectMany(use => use.Value.Select((key, index) => (use.Key, key, index == use.Value.Count - 1))),
    ];

    public static OperatorKeys LoadOrCreate(
        OperatorId operatorId, string folder, IKeyStore store, FileKeyStore ofTheNode) =>
        new(operatorId, folder, KeyFolder.Open(operatorId.Value, folder, store, ofTheNode));

    /// <summary>The key of a use that is in use, as it is published.</summary>
    public (string Jwk, string KeyId) InUse(KeyUse use)
    {
        if (use == KeyUse.Log)
        {
            var log = Log.Signer.Verifier.PublicKey;
            return (OctetKey.ToJwk(log), OctetKey.KeyId(log));
        }

        var key = _keys[use][^1].Public;
        return (key.ToJwk(), key.KeyId);
    }

    /// <summary>Whether the secret half of a published key is here.</summary>
    public bool Has(OperatorKey published) => published.Use == KeyUse.Log
        ? published.KeyId == InUse(KeyUse.Log).KeyId
        : _keys.GetValueOrDefault(published.Use)?.Any(key => key.Public.KeyId == published.KeyId) == true;

    public PrivateKey? FindSigning(string keyId) => _keys[KeyUse.Signing].Find(key => key.Public.KeyId == keyId)
        ?? Unfinished().FirstOrDefault(key => key.Public.KeyId == keyId);

    /// <summary>A published key signs its own entry.</summary>
    public byte[] Possession(KeyUse use, string keyId, byte[] entry) => use == KeyUse.Log
        ? KeyEntrySignature.Possession(Log.Signer, entry)
        : KeyEntrySignature.Possession(
            _keys[use].Concat(Unfinished()).First(key => key.Public.KeyId == keyId), entry);

    /// <summary>Kept before it is sent.</summary>
    public void Remember(SignedKeyEntry entry)
    {
        var name = NameOf(entry.Hash);
        lock (_made)
        {
            if (_made.Add(name))
            {
                KeyFolder.WriteFile(Path.Combine(Entries, name), $"{entry}");
            }
        }
    }

    /// <summary>Whether an entry of the log was made with this folder of keys, by this process or another.</summary>
    public bool HasMade(byte[] hash)
    {
        lock (_made)
        {
            return _made.Contains(NameOf(hash)) || File.Exists(Path.Combine(Entries, NameOf(hash)));
        }
    }

    /// <summary>The pseudonym by which others know a part: always the same, and says nothing about it.</summary>
    public string PartRef(TraceId traceId) => KeyedHash.Of(_referenceKey, traceId.Value.ToByteArray());

    /// <summary>Makes a key, lets the caller publish it, and uses it from then on.</summary>
    public async Task<PrivateKey> RotateAsync(KeyUse use, Func<PrivateKey, Task> publish)
    {
        var name = NameOf(use, _keys[use].Count + 1);
        var unfinished = name + KeyFolder.Unfinished;
        if (!_files.Exists(unfinished))
        {
            _files.Write(unfinished, PrivateKey.Create().ToPkcs8());
        }

        var key = Read(unfinished);
        await publish(key);
        _files.Finish(name);
        _keys[use] = [.. _keys[use], key];
        return key;
    }

    private HashSet<string> ReadMade() =>
        Directory.EnumerateFiles(Entries).Select(Path.GetFileName).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private static string NameOf(byte[] hash) => Convert.ToHexStringLower(hash);

    /// <summary>Keys of rotations that are under way, or were cut off.</summary>
    private IEnumerable<PrivateKey> Unfinished() => _files.AllUnfinished.Select(Read);

    private List<PrivateKey> Load(KeyUse use)
    {
        if (!_files.Exists(NameOf(use, 1)))
        {
            _files.Write(NameOf(use, 1), PrivateKey.Create().ToPkcs8());
        }

        List<PrivateKey> keys = [];
        for (var number = 1; _files.Exists(NameOf(use, number)); number++)
        {
            keys.Add(Read(NameOf(use, number)));
        }

        return keys;
    }

    private PrivateKey Read(string name) => PrivateKey.FromPkcs8(_files.Read(name));

    private byte[] RandomKey(string name)
    {
        if (!_files.Exists(name))
        {
            _files.Write(name, RandomNumberGenerator.GetBytes(ReferenceKeyBytes));
        }

        return _files.Read(name);
    }

    private static string NameOf(KeyUse use, int number) => $"{use.ToString().ToLowerInvariant()}-{number:0000}.pem";
}
