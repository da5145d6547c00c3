using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Traceability.Proofs.Logs;

/// <summary>What a signature of a note promises.</summary>
public enum NoteSignatureType
{
    /// <summary>Signed by the log itself (C2SP signed-note).</summary>
    Ed25519 = 0x01,

    /// <summary>Only read: the kind some public logs use (C2SP signed-note).</summary>
    Ecdsa = 0x02,

    /// <summary>Seen by a witness at a time, and consistent with all it saw before (C2SP tlog-cosignature).</summary>
    Cosignature = 0x04,
}

/// <summary>One signature line: the key by name and id, and the bytes that follow the id.</summary>
public sealed record NoteSignature(string Name, uint KeyId, byte[] Signature)
{
    public override string ToString()
    {
        var bytes = new byte[4 + Signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        Signature.CopyTo(bytes, 4);
        return $"\u2014 {Name} {Convert.ToBase64String(bytes)}";
    }
}

/// <summary>A text and who signed it (C2SP signed-note). The text ends with a line feed.</summary>
public sealed record SignedNote(string Text, IReadOnlyList<NoteSignature> Signatures)
{
    /// <summary>A checkpoint with all its witnesses is below 2 KB.</summary>
    public const int MaxLength = 64 * 1024;

    private const int MaxSignatures = 100;

    public override string ToString() => $"{Text}\n{string.Concat(Signatures.Select(signature => $"{signature}\n"))}";

    public static SignedNote Parse(string note)
    {
        var split = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        var bad = note.Length > MaxLength || split < 0 || !note.EndsWith('\n')
            || note.Any(character => character < ' ' && character != '\n');
        if (bad)
        {
            throw ProofException.Malformed("note");
        }

        var lines = note[(split + 2)..^1].Split('\n');
        return lines.Length <= MaxSignatures
            ? new(note[..(split + 1)], [.. lines.Select(ParseLine)])
            : throw ProofException.Malformed("note");
    }

    /// <summary>One signature line, without its line feed.</summary>
    public static NoteSignature ParseLine(string line)
    {
        var parts = line.Split(' ');
        if (parts is not ["\u2014", { Length: > 0 } name, var encoded] || name.Contains('+', StringComparison.Ordinal)
            || name.Any(char.IsWhiteSpace))
        {
            throw ProofException.Malformed("note");
        }

        try
        {
            var bytes = Convert.FromBase64String(encoded);
            return bytes.Length > 4
                ? new(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[4..])
                : throw ProofException.Malformed("note");
        }
        catch (FormatException)
        {
            throw ProofException.Malformed("note");
        }
    }
}

/// <summary>A key that a reader of notes trusts: "name+id+key" (C2SP signed-note, verifier keys).</summary>
public sealed record NoteVerifier(string Name, NoteSignatureType Type, byte[] PublicKey)
{
    private const int TimestampBytes = 8;

    public uint KeyId => BinaryPrimitives.ReadUInt32BigEndian(Type == NoteSignatureType.Ecdsa
        ? SHA256.HashData(PublicKey)
        : SHA256.HashData([.. Encoding.UTF8.GetBytes($"{Name}\n"), (byte)Type, .. PublicKey]));

    public override string ToString() =>
        $"{Name}+{KeyId:x8}+{Convert.ToBase64String([(byte)Type, .. PublicKey])}";

    public static NoteVerifier Parse(string text)
    {
        var parts = text.Split('+', 3);
        if (parts is not [{ Length: > 0 } name, { Length: 8 } id, var encoded] || name.Any(char.IsWhiteSpace))
        {
            throw ProofException.Malformed("verifier key");
        }

        try
        {
            var bytes = Convert.FromBase64String(encoded);
            var verifier = bytes.Length > 1
                ? new NoteVerifier(name, (NoteSignatureType)bytes[0], bytes[1..])
                : throw ProofException.Malformed("verifier key");
            return Enum.IsDefined(verifier.Type) && verifier.HasGoodKey()
                && uint.TryParse(id, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var keyId)
                && keyId == verifier.KeyId
                    ? verifier
                    : throw ProofException.Malformed("verifier key");
        }
        catch (FormatException)
        {
            throw ProofException.Malformed("verifier key");
        }
    }

    /// <summary>
    /// Whether this key signed the note. A signature in its name and with its id that does not fit is a lie, and worse
    /// than none.
    /// </summary>
    public bool HasSigned(SignedNote note)
    {
        var own = note.Signatures.Where(one => one.Name == Name && one.KeyId == KeyId).ToArray();
        return own.Length > 0 && own.All(one => Fits(note.Text, one.Signature)
            ? true
            : throw new ProofException(ProofFailure.BadSignature, $"The signature of {Name} does not fit."));
    }

    /// <summary>When a witness saw the note; null if it did not.</summary>
    public DateTimeOffset? SeenAt(SignedNote note) => Type == NoteSignatureType.Cosignature && HasSigned(note)
        ? DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(
            note.Signatures.First(one => one.Name == Name && one.KeyId == KeyId).Signature))
        : null;

    internal static byte[] Cosigned(string text, long time) =>
        Encoding.UTF8.GetBytes($"cosignature/v1\ntime {time.ToString(CultureInfo.InvariantCulture)}\n{text}");

    private bool HasGoodKey()
    {
        if (Type != NoteSignatureType.Ecdsa)
        {
            return PublicKey.Length == Ed25519.KeyBytes;
        }

        try
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(PublicKey, out _);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private bool Fits(string text, byte[] signature)
    {
        switch (Type)
        {
            case NoteSignatureType.Ed25519:
                return Ed25519.Verify(PublicKey, Encoding.UTF8.GetBytes(text), signature);
            case NoteSignatureType.Cosignature:
                return signature.Length == TimestampBytes + Ed25519.SignatureBytes
                    && BinaryPrimitives.ReadInt64BigEndian(signature) is >= 0 and var time
                    && Ed25519.Verify(PublicKey, Cosigned(text, time), signature.AsSpan(TimestampBytes));
            default:
                using (var key = ECDsa.Create())
                {
                    key.ImportSubjectPublicKeyInfo(PublicKey, out _);
                    return key.VerifyData(
                        Encoding.UTF8.GetBytes(text), signature, HashAlgorithmName.SHA256,
                        DSASignatureFormat.Rfc3279DerSequence);
                }
        }
    }
}

/// <summary>A key that signs notes.</summary>
public sealed class NoteSigner(string name, byte[] privateKey)
{
    private readonly byte[] _public = Ed25519.PublicKey(privateKey);

    public string Name => name;

    /// <summary>With what others check the log's own signatures.</summary>
    public NoteVerifier Verifier => new(name, NoteSignatureType.Ed25519, _public);

    /// <summary>With what others check the cosignatures of this witness.</summary>
    public NoteVerifier Witness => new(name, NoteSignatureType.Cosignature, _public);

    public SignedNote Sign(string text) =>
        new(text, [new(name, Verifier.KeyId, Ed25519.Sign(privateKey, Encoding.UTF8.GetBytes(text)))]);

    internal byte[] SignBytes(byte[] data) => Ed25519.Sign(privateKey, data);

    public NoteSignature Cosign(string text, DateTimeOffset now)
    {
        var signature = new byte[8 + Ed25519.SignatureBytes];
        BinaryPrimitives.WriteInt64BigEndian(signature, now.ToUnixTimeSeconds());
        Ed25519.Sign(privateKey, NoteVerifier.Cosigned(text, now.ToUnixTimeSeconds())).CopyTo(signature, 8);
        return new(name, Witness.KeyId, signature);
    }
}
