using System.Text;

namespace Traceability.Proofs.Keeping;

/// <summary>
/// A secret in a file, which the platform's own store of secrets puts there. One file may serve many owners: what was
/// wrapped for one of them does not open as another's.
/// </summary>
public sealed class FileKeyStore : IKeyStore
{
    private const int ShortestSecret = 32;

    private readonly string _secret;

    /// <exception cref="InvalidOperationException">The file holds no secret.</exception>
    public FileKeyStore(string file)
    {
        _secret = File.ReadAllText(file).Trim();
        if (_secret.Length < ShortestSecret)
        {
            throw new InvalidOperationException($"{file} must hold at least {ShortestSecret} random characters.");
        }

        Name = "file";
    }

    public string Name { get; }

    public byte[] Wrap(Guid ownerId, byte[] key) =>
        Encoding.ASCII.GetBytes(SecretBox.Seal(_secret, key, Context(ownerId)));

    public byte[] Unwrap(Guid ownerId, byte[] wrapped) =>
        SecretBox.Open(_secret, Encoding.ASCII.GetString(wrapped), Context(ownerId));

    /// <summary>What was written before each owner had a key of its own.</summary>
    internal byte[] OpenEarlier(string content) => content.StartsWith("-----BEGIN", StringComparison.Ordinal)
        ? PrivateKey.FromEncryptedPem(content, _secret).ToPkcs8()
        : SecretBox.Open(_secret, content);

    private static string Context(Guid ownerId) => $"data key of {ownerId}";
}
