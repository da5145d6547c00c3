using System.Security.Cryptography;
using System.Text.Json;

namespace Traceability.Proofs.Keeping;

/// <summary>
/// The secret files of one owner. Each is encrypted with a key of that owner's own (AES-256-GCM), for this owner and
/// under its name: one that is copied from a neighbour, or renamed, does not open. That key lies beside them, wrapped
/// by the store. So the whole folder is worth nothing without what the store has, and no owner's files open another's.
/// </summary>
public sealed class KeyFolder
{
    private const string DataKeyFile = "data.key";
    private const string Envelope = "traceability/key-file/v1.";
    private const int KeyBytes = 32;

    /// <summary>Of a file that is not in use yet: it is renamed when it is.</summary>
    public const string Unfinished = ".new";

    private readonly Guid _ownerId;
    private readonly string _folder;
    private readonly FileKeyStore _earlier;
    private readonly string _dataKey;

    private KeyFolder(Guid ownerId, string folder, FileKeyStore earlier, string dataKey) =>
        (_ownerId, _folder, _earlier, _dataKey) = (ownerId, folder, earlier, dataKey);

    /// <summary>
    /// Opens a folder, or makes it. Files of an earlier version are encrypted anew, one after another: whenever that is
    /// cut off, each is readable as it was or as it will be. A folder that was wrapped by the node's file is wrapped
    /// anew by the store that was chosen since.
    /// </summary>
    /// <param name="ownerId">Whose it is.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="store">What wraps the owner's key.</param>
    /// <param name="earlier">The secret of the whole node, which was used for all owners before.</param>
    /// <exception cref="InvalidOperationException">The store does not open it.</exception>
    public static KeyFolder Open(Guid ownerId, string folder, IKeyStore store, FileKeyStore earlier)
    {
        Directory.CreateDirectory(folder);
        var files = new KeyFolder(ownerId, folder, earlier, DataKey(ownerId, folder, store, earlier));
        foreach (var file in Directory.EnumerateFiles(folder).Select(Path.GetFileName).OfType<string>().ToArray())
        {
            files.Renew(file);
        }

        return files;
    }

    public bool Exists(string name) => File.Exists(Path.Combine(_folder, name));

    /// <exception cref="ProofException">It was encrypted for another owner, or under another name.</exception>
    public byte[] Read(string name)
    {
        var content = File.ReadAllText(Path.Combine(_folder, name));
        return content.StartsWith(Envelope, StringComparison.Ordinal)
            ? SecretBox.Open(_dataKey, content[Envelope.Length..], Context(name))
            : _earlier.OpenEarlier(content);
    }

    public void Write(string name, byte[] content) => WriteFile(
        Path.Combine(_folder, name), Envelope + SecretBox.Seal(_dataKey, content, Context(name)));

    /// <summary>What is not in use yet comes into use.</summary>
    public void Finish(string name) =>
        File.Move(Path.Combine(_folder, name + Unfinished), Path.Combine(_folder, name));

    /// <summary>Files that are not in use yet.</summary>
    public IEnumerable<string> AllUnfinished =>
        Directory.EnumerateFiles(_folder, $"*{Unfinished}").Select(Path.GetFileName).OfType<string>();

    /// <summary>Whole or not at all: half a key would be worse than none. Only its owner's user reads it.</summary>
    public static void WriteFile(string file, string content)
    {
        File.WriteAllText($"{file}.part", content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode($"{file}.part", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.Move($"{file}.part", file, overwrite: true);
    }

    private string Context(string name) =>
        $"{_ownerId}/{(name.EndsWith(Unfinished, StringComparison.Ordinal) ? name[..^Unfinished.Length] : name)}";

    private void Renew(string name)
    {
        var isSecret = Path.GetExtension(name) is ".pem" or ".key" or Unfinished && name != DataKeyFile;
        if (isSecret && !File.ReadAllText(Path.Combine(_folder, name)).StartsWith(Envelope, StringComparison.Ordinal))
        {
            Write(name, Read(name));
        }
    }

    private static string DataKey(Guid ownerId, string folder, IKeyStore store, FileKeyStore earlier)
    {
        var file = Path.Combine(folder, DataKeyFile);
        if (!File.Exists(file))
        {
            return Keep(file, ownerId, RandomNumberGenerator.GetBytes(KeyBytes), store);
        }

        var wrapped = JsonSerializer.Deserialize<WrappedKey>(File.ReadAllText(file))
            ?? throw new InvalidOperationException($"{file} is empty: restore it from a backup.");
        try
        {
            return Text.Encode(store.Unwrap(ownerId, Text.Decode(wrapped.Key, "key")));
        }
        catch (ProofException) when (store != earlier && TryUnwrap(earlier, ownerId, wrapped) is not null)
        {
            return Keep(file, ownerId, TryUnwrap(earlier, ownerId, wrapped)!, store);
        }
        catch (ProofException)
        {
            throw new InvalidOperationException(
                $"The keys of operator {ownerId} in {folder} do not open: they were closed by the key store "
                    + $"\"{wrapped.Store}\" for that operator, and \"{store.Name}\" does not have its secret. Give the "
                    + "node the secret that belongs to this folder, or restore both from their backups.");
        }
    }

    private static byte[]? TryUnwrap(FileKeyStore store, Guid ownerId, WrappedKey wrapped)
    {
        try
        {
            return store.Unwrap(ownerId, Text.Decode(wrapped.Key, "key"));
        }
        catch (ProofException)
        {
            return null;
        }
    }

    private static string Keep(string file, Guid ownerId, byte[] key, IKeyStore store)
    {
        WriteFile(
            file, JsonSerializer.Serialize(new WrappedKey(store.Name, Text.Encode(store.Wrap(ownerId, key)))));
        return Text.Encode(key);
    }

    /// <summary>An owner's key as it lies in the folder.</summary>
    /// <param name="Store">By which store it was wrapped.</param>
    /// <param name="Key">In base64url.</param>
    private sealed record WrappedKey(string Store, string Key);
}
