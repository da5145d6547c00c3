using System.Security.Cryptography;
using Traceability.Contracts.Broker.V1;
using Traceability.Evidence;
using Traceability.Proofs;
using Traceability.Proofs.Logs;

namespace Traceability.Node.Operators;

/// <summary>
/// An operator's secret keys: each in a file of its own, encrypted with the node's key secret, readable by the node's
/// user only. Keys that were replaced stay: what was sealed to them can still be opened.
/// </summary>
internal sealed class OperatorKeys
{
    private const int ReferenceKeyBytes = 32;

    /// <summary>A key that is not published yet; a rotation that was cut off goes on with it.</summary>
    private const string Unpublished = ".new";

    private readonly OperatorId _operatorId;
    private readonly string _folder;
    private readonly string _secret;
    private readonly byte[] _referenceKey;
    private readonly Dictionary<KeyUse, List<PrivateKey>> _keys;
    private readonly HashSet<string> _made;

    private OperatorKeys(OperatorId operatorId, string folder, string secret)
    {
        (_operatorId, _folder, _secret) = (operatorId, folder, secret);
        Directory.CreateDirectory(folder);
        _keys = new[] { KeyUse.Signing, KeyUse.Sealing }.ToDictionary(use => use, Load);
        var file = Path.Combine(folder, "part-reference.key");
        if (!File.Exists(file))
        {
            Write(file, SecretBox.Seal(secret, RandomNumberGenerator.GetBytes(ReferenceKeyBytes)));
        }

        _referenceKey = SecretBox.Open(secret, File.ReadAllText(file));
        var log = Path.Combine(folder, "log.key");
        if (!File.Exists(log))
        {
            Write(log, SecretBox.Seal(secret, RandomNumberGenerator.GetBytes(ReferenceKeyBytes)));
        }

        Log = LogKeys.Of(LogKeys.OriginOf(operatorId.Value), SecretBox.Open(secret, File.ReadAllText(log)));
        Directory.CreateDirectory(Entries);
        _made = ReadMade();
        Write(Path.Combine(folder, "fingerprint"), Fingerprint);
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

    public static OperatorKeys LoadOrCreate(OperatorId operatorId, string folder, string secret) =>
        new(operatorId, folder, secret);

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
                Write(Path.Combine(Entries, name), $"{entry}");
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
        var file = FileOf(use, _keys[use].Count + 1);
        if (!File.Exists(file + Unpublished))
        {
            Write(file + Unpublished, PrivateKey.Create().ToEncryptedPem(_secret));
        }

        var key = PrivateKey.FromEncryptedPem(await File.ReadAllTextAsync(file + Unpublished), _secret);
        await publish(key);
        File.Move(file + Unpublished, file);
        _keys[use] = [.. _keys[use], key];
        return key;
    }

    private HashSet<string> ReadMade() =>
        Directory.EnumerateFiles(Entries).Select(Path.GetFileName).OfType<string>().ToHashSet(StringComparer.Ordinal);

    private static string NameOf(byte[] hash) => Convert.ToHexStringLower(hash);

    /// <summary>Keys of rotations that are under way, or were cut off.</summary>
    private IEnumerable<PrivateKey> Unfinished() =>
        Directory.EnumerateFiles(_folder, $"*{Unpublished}")
            .Select(file => PrivateKey.FromEncryptedPem(File.ReadAllText(file), _secret));

    private List<PrivateKey> Load(KeyUse use)
    {
        if (!File.Exists(FileOf(use, 1)))
        {
            Write(FileOf(use, 1), PrivateKey.Create().ToEncryptedPem(_secret));
        }

        List<PrivateKey> keys = [];
        for (var number = 1; File.Exists(FileOf(use, number)); number++)
        {
            keys.Add(PrivateKey.FromEncryptedPem(File.ReadAllText(FileOf(use, number)), _secret));
        }

        return keys;
    }

    private string FileOf(KeyUse use, int number) =>
        Path.Combine(_folder, $"{use.ToString().ToLowerInvariant()}-{number:0000}.pem");

    private static void Write(string file, string content)
    {
        // Whole or not at all: half a key would be worse than none.
        File.WriteAllText($"{file}.part", content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode($"{file}.part", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.Move($"{file}.part", file, overwrite: true);
    }
}
