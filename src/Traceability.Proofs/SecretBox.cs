using System.Security.Cryptography;
using System.Text;

namespace Traceability.Proofs;

/// <summary>Bytes that only who has the secret can read or make (AES-256-GCM, key by HKDF from a random
/// secret).</summary>
public static class SecretBox
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <param name="secret">Random, with 256 bits or more.</param>
    /// <param name="content">What nobody else is to read.</param>
    /// <param name="context">What it is: a box of one context is not one of another.</param>
    public static string Seal(string secret, byte[] content, string context = "")
    {
        var box = new byte[NonceBytes + content.Length + TagBytes];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(Key(secret, context), TagBytes);
        cipher.Encrypt(
            box.AsSpan(0, NonceBytes), content, box.AsSpan(NonceBytes, content.Length), box.AsSpan(^TagBytes..));
        return Text.Encode(box);
    }

    /// <exception cref="ProofException">Another secret or context, or not what was sealed.</exception>
    public static byte[] Open(string secret, string sealedContent, string context = "")
    {
        var box = Text.Decode(sealedContent, "box");
        if (box.Length < NonceBytes + TagBytes)
        {
            throw ProofException.Malformed("box");
        }

        var content = new byte[box.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(Key(secret, context), TagBytes);
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

    private static byte[] Key(string secret, string context) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32,
        info: Encoding.UTF8.GetBytes(
            context.Length == 0 ? "traceability secret box" : $"traceability secret box\n{context}"));
}
