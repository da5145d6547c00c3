using System.Runtime.InteropServices;

namespace Traceability.Proofs.Logs;

/// <summary>
/// Ed25519 (RFC 8032) by OpenSSL, which .NET itself uses for TLS on Linux: the base library does not offer it.
/// Checkpoints of logs are signed with it because their readers expect it (C2SP tlog-checkpoint, tlog-cosignature).
/// </summary>
public static partial class Ed25519
{
    public const int KeyBytes = 32;
    public const int SignatureBytes = 64;

    /// <summary>EVP_PKEY_ED25519.</summary>
    private const int KeyType = 1087;

    private const string Library = "libcrypto";

    static Ed25519() => NativeLibrary.SetDllImportResolver(typeof(Ed25519).Assembly, Resolve);

    public static byte[] PublicKey(ReadOnlySpan<byte> privateKey)
    {
        var key = Check(EVP_PKEY_new_raw_private_key(KeyType, 0, privateKey, (nuint)privateKey.Length));
        try
        {
            var (bytes, length) = (new byte[KeyBytes], (nuint)KeyBytes);
            Check(EVP_PKEY_get_raw_public_key(key, bytes, ref length));
            return bytes;
        }
        finally
        {
            EVP_PKEY_free(key);
        }
    }

    public static byte[] Sign(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> message)
    {
        var key = Check(EVP_PKEY_new_raw_private_key(KeyType, 0, privateKey, (nuint)privateKey.Length));
        var context = Check(EVP_MD_CTX_new());
        try
        {
            Check(EVP_DigestSignInit(context, 0, 0, 0, key));
            var (bytes, length) = (new byte[SignatureBytes], (nuint)SignatureBytes);
            Check(EVP_DigestSign(context, bytes, ref length, message, (nuint)message.Length));
            return bytes;
        }
        finally
        {
            EVP_MD_CTX_free(context);
            EVP_PKEY_free(key);
        }
    }

    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != KeyBytes || signature.Length != SignatureBytes)
        {
            return false;
        }

        var key = EVP_PKEY_new_raw_public_key(KeyType, 0, publicKey, (nuint)publicKey.Length);
        if (key == 0)
        {
            return false;
        }

        var context = Check(EVP_MD_CTX_new());
        try
        {
            return EVP_DigestVerifyInit(context, 0, 0, 0, key) == 1
                && EVP_DigestVerify(context, signature, SignatureBytes, message, (nuint)message.Length) == 1;
        }
        finally
        {
            EVP_MD_CTX_free(context);
            EVP_PKEY_free(key);
        }
    }

    private static nint Check(nint handle) => handle != 0
        ? handle
        : throw new System.Security.Cryptography.CryptographicException("OpenSSL cannot work with this Ed25519 key.");

    private static void Check(int result) => Check(result == 1 ? (nint)1 : 0);

    private static nint Resolve(string name, System.Reflection.Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
        {
            return 0;
        }

        string[] files = ["libcrypto.so.3", "libcrypto.3.dylib", "libcrypto-3-x64.dll", "libcrypto.so"];
        foreach (var file in files)
        {
            if (NativeLibrary.TryLoad(file, assembly, path, out var handle))
            {
                return handle;
            }
        }

        throw new DllNotFoundException("OpenSSL 3 (libcrypto) is missing: logs can be neither signed nor checked.");
    }

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_private_key(
        int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library)]
    private static partial nint EVP_PKEY_new_raw_public_key(
        int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Library)]
    private static partial int EVP_PKEY_get_raw_public_key(nint key, Span<byte> bytes, ref nuint length);

    [LibraryImport(Library)]
    private static partial void EVP_PKEY_free(nint key);

    [LibraryImport(Library)]
    private static partial nint EVP_MD_CTX_new();

    [LibraryImport(Library)]
    private static partial void EVP_MD_CTX_free(nint context);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSignInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestSign(
        nint context, Span<byte> signature, ref nuint length, ReadOnlySpan<byte> message, nuint messageLength);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerifyInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library)]
    private static partial int EVP_DigestVerify(
        nint context, ReadOnlySpan<byte> signature, nuint length, ReadOnlySpan<byte> message, nuint messageLength);
}
