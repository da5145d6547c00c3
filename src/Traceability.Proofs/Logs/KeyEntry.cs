using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Traceability.Proofs.Logs;

/// <summary>What an entry does with a key.</summary>
public enum KeyAct
{
    Publish = 1,

    /// <summary>What is signed with the key from a moment on is not to be believed.</summary>
    Revoke = 2,

    /// <summary>A new signing key where the one before was lost: it counts late, and everybody sees it first.</summary>
    Recover = 3,
}

/// <summary>What a key is for; a key has one use.</summary>
public static class KeyUses
{
    public const string Signing = "signing";
    public const string Sealing = "sealing";
    public const string Log = "log";

    public static IReadOnlyList<string> All { get; } = [Signing, Sealing, Log];
}

/// <summary>One line of what the key log says of one owner of keys.</summary>
/// <param name="OwnerId">Whose key it is.</param>
/// <param name="Number">Its place among the owner's entries, from 0.</param>
/// <param name="Before">Hash of the owner's entry before; empty for the first.</param>
/// <param name="Act">What it does.</param>
/// <param name="Use">What the key is for.</param>
/// <param name="Jwk">The public key, in the one spelling of its thumbprint.</param>
/// <param name="Time">When it was made.</param>
/// <param name="Since">From when on it counts: of a key that is valid, of a revoked one that it is not.</param>
public sealed record KeyEntry(
    Guid OwnerId, int Number, byte[] Before, KeyAct Act, string Use, string Jwk, DateTimeOffset Time,
    DateTimeOffset Since)
{
    private const string Header = "traceability/key-entry/v1";
    private const string None = "-";

    /// <summary>RFC 7638 thumbprint.</summary>
    public string KeyId => Use == KeyUses.Log ? OctetKey.KeyId(OctetKey.FromJwk(Jwk)) : PublicKey.FromJwk(Jwk).KeyId;

    public byte[] ToBytes() => Encoding.UTF8.GetBytes(
        $"{Header}\n{OwnerId}\n{Number.ToString(CultureInfo.InvariantCulture)}\n"
        + $"{(Before.Length == 0 ? None : Text.Encode(Before))}\n{Act.ToString().ToLowerInvariant()} {Use}\n{Jwk}\n"
        + $"{Written(Time)}\n{Written(Since)}\n");

    /// <summary>Bytes that would be written otherwise are no entry: each has one spelling.</summary>
    public static KeyEntry Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var lines = Encoding.UTF8.GetString(bytes).Split('\n');
            if (lines is not [Header, var owner, var number, var before, var act, var jwk, var time, var since, ""]
                || act.Split(' ') is not [var verb, var use] || !KeyUses.All.Contains(use)
                || !Enum.TryParse<KeyAct>(verb, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed))
            {
                throw ProofException.Malformed("key entry");
            }

            var entry = new KeyEntry(
                Guid.ParseExact(owner, "D"), int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture),
                before == None ? [] : Text.Decode(before, "key entry"), parsed, use, Spelling(use, jwk), Read(time),
                Read(since));
            return entry.ToBytes().AsSpan().SequenceEqual(bytes) ? entry : throw ProofException.Malformed("key entry");
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw ProofException.Malformed("key entry");
        }
    }

    private static string Spelling(string use, string jwk) =>
        use == KeyUses.Log ? OctetKey.ToJwk(OctetKey.FromJwk(jwk)) : PublicKey.FromJwk(jwk).ToJwk();

    private static string Written(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);

    private static DateTimeOffset Read(string time) =>
        DateTimeOffset.ParseExact(time, "O", CultureInfo.InvariantCulture, DateTimeStyles.None);
}

/// <summary>An entry as it came, and who stands by it.</summary>
/// <param name="Entry">Its bytes.</param>
/// <param name="Possession">Signed by the key itself; empty where a key is revoked.</param>
/// <param name="Continuity">Signed by the owner's signing key; empty for the first, and where that was lost.</param>
public sealed record SignedKeyEntry(byte[] Entry, byte[] Possession, byte[] Continuity)
{
    /// <summary>An entry is below 500 bytes.</summary>
    public const int MaxBytes = 2000;

    public byte[] Hash => SHA256.HashData(Entry);

    public override string ToString() =>
        $"{Text.Encode(Entry)}.{Text.Encode(Possession)}.{Text.Encode(Continuity)}";

    public static SignedKeyEntry Parse(string text) =>
        text.Length <= 4 * MaxBytes && text.Split('.') is [var entry, var possession, var continuity]
            ? new(
                Text.Decode(entry, "key entry"), Text.Decode(possession, "key entry"),
                Text.Decode(continuity, "key entry"))
            : throw ProofException.Malformed("key entry");
}

/// <summary>The signatures of entries. Each says what for, so that it is taken for nothing else.</summary>
public static class KeyEntrySignature
{
    public static byte[] Possession(PrivateKey key, byte[] entry) => Sign(key, Labelled("possession", entry));

    public static byte[] Possession(NoteSigner key, byte[] entry) => key.SignBytes(Labelled("possession", entry));

    public static byte[] Continuity(PrivateKey key, byte[] entry) => Sign(key, Labelled("continuity", entry));

    internal static bool HasPossession(KeyEntry entry, SignedKeyEntry signed) => entry.Use == KeyUses.Log
        ? Ed25519.Verify(OctetKey.FromJwk(entry.Jwk), Labelled("possession", signed.Entry), signed.Possession)
        : Fits(entry.Jwk, Labelled("possession", signed.Entry), signed.Possession);

    internal static bool HasContinuity(string jwk, SignedKeyEntry signed) =>
        Fits(jwk, Labelled("continuity", signed.Entry), signed.Continuity);

    private static byte[] Labelled(string what, byte[] entry) =>
        [.. Encoding.UTF8.GetBytes($"traceability/key-entry/v1 {what}\n"), .. entry];

    private static byte[] Sign(PrivateKey key, byte[] data)
    {
        using var algorithm = key.ForSignatures();
        return algorithm.SignData(data, HashAlgorithmName.SHA256);
    }

    private static bool Fits(string jwk, byte[] data, byte[] signature)
    {
        using var algorithm = PublicKey.FromJwk(jwk).ForSignatures();
        return algorithm.VerifyData(data, signature, HashAlgorithmName.SHA256);
    }
}
