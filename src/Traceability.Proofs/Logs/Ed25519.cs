using NSec.Cryptography;

namespace Traceability.Proofs.Logs;

/// <summary>
/// Ed25519 (RFC 8032), which the base library does not offer. Checkpoints of logs are signed with it because their
/// readers expect it (C2SP tlog-checkpoint, tlog-cosignature).
/// </summary>
public static class Ed25519
{
    public const int KeyBytes = 32;
    public const int SignatureBytes = 64;

    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey)
    {
        using var key = Key.Import(SignatureAlgorithm.Ed25519, privateKey, KeyBlobFormat.RawPrivateKey);
        return key.PublicKey.Export(KeyBlobFormat.RawPublicKey);
    }

    public static byte[] Sign(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> message)
    {
        using var key = Key.Import(SignatureAlgorithm.Ed25519, privateKey, KeyBlobFormat.RawPrivateKey);
        return SignatureAlgorithm.Ed25519.Sign(key, message);
    }

    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        NSec.Cryptography.PublicKey.TryImport(
            SignatureAlgorithm.Ed25519, publicKey, KeyBlobFormat.RawPublicKey, out var key)
        && SignatureAlgorithm.Ed25519.Verify(key!, message, signature);
}
