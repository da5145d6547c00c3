using System.Security.Cryptography;
using System.Text;

namespace Traceability.Proofs;

/// <summary>A public key on P-256.</summary>
public sealed class PublicKey
{
    private const int CoordinateBytes = 32;

    private readonly ECParameters _parameters;

    internal PublicKey(ECParameters parameters) =>
        _parameters = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = parameters.Q };

    /// <summary>RFC 7638 thumbprint.</summary>
    public string KeyId => Text.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(ToJwk())));

    /// <summary>RFC 7517, with the members and the order that RFC 7638 hashes.</summary>
    public string ToJwk()
    {
        var (x, y) = (Text.Encode(_parameters.Q.X), Text.Encode(_parameters.Q.Y));
        return $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""";
    }

    /// <summary>Members beyond kty, crv, x and y are ignored.</summary>
    public static PublicKey FromJwk(string jwk)
    {
        var json = Text.ParseObject(Encoding.UTF8.GetBytes(jwk), "key");
        if (Text.Member(json, "kty", "key") != "EC" || Text.Member(json, "crv", "key") != "P-256")
        {
            throw new ProofException(ProofFailure.WrongAlgorithm, "The key is not an EC key on P-256.");
        }

        var point = new ECPoint { X = Coordinate("x"), Y = Coordinate("y") };
        var key = new PublicKey(new ECParameters { Q = point });
        try
        {
            // Refuses points that are not on the curve.
            using var check = ECDsa.Create(key._parameters);
            return key;
        }
        catch (CryptographicException)
        {
            throw ProofException.Malformed("key");
        }

        byte[] Coordinate(string name)
        {
            var bytes = Text.Decode(Text.Member(json, name, "key"), "key");
            return bytes.Length == CoordinateBytes ? bytes : throw ProofException.Malformed("key");
        }
    }

    internal ECDsa ForSignatures() => ECDsa.Create(_parameters);

    internal ECDiffieHellman ForAgreement() => ECDiffieHellman.Create(_parameters);
}

/// <summary>A private key on P-256, for signing or for opening what was sealed, never for both.</summary>
public sealed class PrivateKey
{
    private readonly ECParameters _parameters;

    private PrivateKey(ECParameters parameters) => _parameters = parameters;

    public PublicKey Public => new(_parameters);

    public static PrivateKey Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(key.ExportParameters(includePrivateParameters: true));
    }

    /// <summary>Encrypted PKCS#8 (RFC 5958). The secret must be random: a stretched password is not what this is
    /// for.</summary>
    /// <exception cref="ProofException">Another secret, or no key.</exception>
    public static PrivateKey FromEncryptedPem(string pem, string secret)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportFromEncryptedPem(pem, secret);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new ProofException(ProofFailure.Malformed, "The key cannot be opened with this secret.");
        }

        return new(key.ExportParameters(includePrivateParameters: true));
    }

    /// <summary>Encrypted PKCS#8, AES-256.</summary>
    public string ToEncryptedPem(string secret)
    {
        using var key = ForSignatures();
        return key.ExportEncryptedPkcs8PrivateKeyPem(secret, Encryption);
    }

    /// <summary>PKCS#8 (RFC 5958), readable by whoever has it: for a place that keeps it secret.</summary>
    public byte[] ToPkcs8()
    {
        using var key = ForSignatures();
        return key.ExportPkcs8PrivateKey();
    }

    /// <exception cref="ProofException">It is no key.</exception>
    public static PrivateKey FromPkcs8(byte[] content)
    {
        using var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(content, out _);
        }
        catch (CryptographicException)
        {
            throw ProofException.Malformed("key");
        }

        return new(key.ExportParameters(includePrivateParameters: true));
    }

    /// <summary>Few rounds, because the secret has 256 random bits already.</summary>
    private static readonly PbeParameters Encryption =
        new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterationCount: 1000);

    internal ECDsa ForSignatures() => ECDsa.Create(_parameters);

    internal ECDiffieHellman ForAgreement() => ECDiffieHellman.Create(_parameters);
}

/// <summary>A keyed hash: says nothing to those without the key, always the same to those who have it.</summary>
public static class KeyedHash
{
    public static string Of(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data) =>
        Text.Encode(HMACSHA256.HashData(key, data));
}
