using System.Security.Cryptography;
using System.Text;

namespace Traceability.Proofs;

/// <summary>Bytes that only who has the secret can read or make (AES-256-GCM, key by HKDF from a random
/// secret).</summary>
public static class SecretBox
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    public static string Seal(string secret, byte[] content)
    {
        var box = new byte[NonceBytes + content.Length + TagBytes];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(Key(secret), TagBytes);
        cipher.Encrypt(
            box.AsSpan(0, NonceBytes), content, box.AsSpan(NonceBytes, content.Length), box.AsSpan(^TagBytes..));
        return Text.Encode(box);
    }

    /// <exception cref="ProofException">Another secret, or not what was sealed.</exception>
    public static byte[] Open(string secret, string sealedContent)
    {
        var box = Text.Decode(sealedContent, "box");
        if (box.Length < NonceBytes + TagBytes)
        {
            throw ProofException.Malformed("box");
        }

        var content = new byte[box.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(Key(secret), TagBytes);
        try
        {
            cipher.Decrypt(
                box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes, content.Length), box.AsSpan(^TagBytes..), content);
            return content;
        }
        catch (CryptographicException)
        {
            throw new ProofException(ProofFailure.Malformed, "The box cannot be opened with this secret.");
        }
    }

    private static byte[] Key(string secret) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "traceability secret box"u8.ToArray());
}
