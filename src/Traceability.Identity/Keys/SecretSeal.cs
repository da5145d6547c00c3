using System.Security.Cryptography;
using System.Text;

namespace Traceability.Identity.Keys;

/// <summary>
/// Bytes that only who has the broker's secret can read or make (AES-256-GCM, key by HKDF from a random secret).
/// </summary>
internal sealed class SecretSeal(string secret)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "traceability identity keys"u8.ToArray());

    public byte[] Close(ReadOnlySpan<byte> content)
    {
        var box = new byte[NonceBytes + content.Length + TagBytes];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Encrypt(
            box.AsSpan(0, NonceBytes), content, box.AsSpan(NonceBytes, content.Length), box.AsSpan(^TagBytes..));
        return box;
    }

    /// <exception cref="CryptographicException">Another secret, or not what was sealed.</exception>
    public byte[] Open(ReadOnlySpan<byte> box)
    {
        if (box.Length < NonceBytes + TagBytes)
        {
            throw new CryptographicException("What was sealed is longer.");
        }

        var content = new byte[box.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Decrypt(box[..NonceBytes], box.Slice(NonceBytes, content.Length), box[^TagBytes..], content);
        return content;
    }
}
