using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Traceability.Proofs;

/// <summary>
/// Sealing to one receiver in compact form (RFC 7516): direct key agreement ECDH-ES (RFC 7518, section 4.6) and A256GCM
/// (section 5.3), and no other algorithm.
/// </summary>
public static class JsonWebEncryption
{
    /// <summary>The broker takes 64 KiB.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Content is filled up to a multiple, so that its size says little about what is in it.</summary>
    private const int PaddingBytes = 1024;

    private const string Agreement = "ECDH-ES";
    private const string Encryption = "A256GCM";
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Content is JSON: the white space it is filled up with means nothing in it.</summary>
    /// <param name="receiver">Who alone can open it.</param>
    /// <param name="type">What is sealed, so that it is taken for nothing else.</param>
    /// <param name="json">The content.</param>
    /// <param name="more">Further members of the header: readable to all, and part of what the seal protects.</param>
    public static string Seal(PublicKey receiver, string type, ReadOnlySpan<byte> json, JsonObject? more = null)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var members = new JsonObject
        {
            ["alg"] = Agreement,
            ["enc"] = Encryption,
            ["epk"] = JsonNode.Parse(new PublicKey(ephemeral.ExportParameters(false)).ToJwk()),
            ["kid"] = receiver.KeyId,
            ["typ"] = type,
        };
        foreach (var (name, value) in more ?? [])
        {
            members.Add(name, value?.DeepClone());
        }

        var header = Text.Encode(Encoding.UTF8.GetBytes(members.ToJsonString()));

        using var other = receiver.ForAgreement();
        var content = Pad(json);
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        var sealedContent = new byte[content.Length];
        var tag = new byte[TagBytes];
        using var cipher = new AesGcm(DeriveKey(ephemeral, other), TagBytes);
        cipher.Encrypt(nonce, content, sealedContent, tag, Encoding.ASCII.GetBytes(header));
        return $"{header}..{Text.Encode(nonce)}.{Text.Encode(sealedContent)}.{Text.Encode(tag)}";
    }

    /// <summary>The content, with the white space it was filled up with.</summary>
    public static byte[] Open(PrivateKey key, string type, string compact)
    {
        var parts = compact.Length <= MaxLength ? compact.Split('.') : [];
        if (parts is not [var header, "", var nonce, var content, var tag])
        {
            throw ProofException.Malformed("seal");
        }

        using var mine = key.ForAgreement();
        using var theirs = ReadHeader(header, type, key.Public.KeyId).ForAgreement();
        using var cipher = new AesGcm(DeriveKey(mine, theirs), TagBytes);
        var sealedContent = Text.Decode(content, "seal");
        var opened = new byte[sealedContent.Length];
        try
        {
            cipher.Decrypt(
                Text.Decode(nonce, "seal"),
                sealedContent,
                Text.Decode(tag, "seal"),
                opened,
                Encoding.ASCII.GetBytes(header));
            return opened;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new ProofException(ProofFailure.NotAuthentic, "The seal is broken.");
        }
    }

    /// <summary>The protected header; it is only to be believed of what was opened.</summary>
    public static JsonObject Header(string compact) => Text.DecodeObject(compact.Split('.')[0], "seal");

    private static PublicKey ReadHeader(string header, string type, string keyId)
    {
        var json = Text.DecodeObject(header, "seal");
        var algorithms = (Text.Member(json, "alg", "seal"), Text.Member(json, "enc", "seal"));
        if (algorithms != (Agreement, Encryption) || json.ContainsKey("crit") || json.ContainsKey("zip"))
        {
            throw new ProofException(
                ProofFailure.WrongAlgorithm, $"Only {Agreement} with {Encryption} without extensions is accepted.");
        }

        if (Text.Member(json, "typ", "seal") != type)
        {
            throw new ProofException(ProofFailure.WrongType, $"The seal is not of type {type}.");
        }

        return Text.Member(json, "kid", "seal") == keyId
            ? PublicKey.FromJwk(json["epk"]?.ToJsonString() ?? throw ProofException.Malformed("seal"))
            : throw new ProofException(ProofFailure.NotForThisKey, "The seal is for another key.");
    }

    private static byte[] DeriveKey(ECDiffieHellman mine, ECDiffieHellman theirs)
    {
        using var other = theirs.PublicKey;
        return ConcatKeyDerivation(mine.DeriveRawSecretAgreement(other), Encryption, KeyBytes, "", "");
    }

    /// <summary>
    /// The one round of the Concat KDF that RFC 7518, section 4.6.2 needs for keys of up to 256 bits.
    /// </summary>
    internal static byte[] ConcatKeyDerivation(
        byte[] secret, string algorithm, int keyBytes, string partyU, string partyV)
    {
        using var input = new MemoryStream();
        Number(1);
        input.Write(secret);
        Field(algorithm);
        Field(partyU);
        Field(partyV);
        Number(keyBytes * 8);
        return SHA256.HashData(input.ToArray())[..keyBytes];

        void Field(string text)
        {
            Number(Encoding.ASCII.GetByteCount(text));
            input.Write(Encoding.ASCII.GetBytes(text));
        }

        void Number(int number)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(bytes, number);
            input.Write(bytes);
        }
    }

    private static byte[] Pad(ReadOnlySpan<byte> json)
    {
        var padded = new byte[(json.Length + PaddingBytes - 1) / PaddingBytes * PaddingBytes];
        padded.AsSpan().Fill((byte)' ');
        json.CopyTo(padded);
        return padded;
    }
}
