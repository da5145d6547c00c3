using Traceability.Evidence;
using Traceability.Proofs;

namespace Traceability.Exports;

/// <summary>The maker's signature over the very bytes of the file beside it (compact JWS, RFC 7515).</summary>
public static class ExportSignature
{
    public const string Extension = "jws";

    private const string Type = "traceability-declaration+jws";

    /// <summary>With its time, by which the key is judged.</summary>
    public static string Sign(PrivateKey key, byte[] file, DateTimeOffset now) =>
        JsonWebSignature.Sign(key, Type, file, now);

    /// <summary>
    /// Needs no server: the bundle holds the maker's keys as the federation's directory has them. A key that was
    /// revoked since keeps what it signed before; of a signature from before they carried a time nobody can tell.
    /// </summary>
    public static BundleCheck Check(string signature, byte[] file, AuditBundle bundle)
    {
        const string What = "The signature beside it is the maker's, about this file";
        try
        {
            var maker = bundle.Manifest.OperatorId;
            SigningKey[] keys = [.. bundle.Manifest.Keys.Where(key => key.OperatorId == maker)];
            var ring = new KeyRing(keys);
            var verified = JsonWebSignature.Verify(signature, Type, ring.Find);
            if (verified.SignedAt is { } time)
            {
                ring.MustHaveSigned(maker, verified.KeyId, time);
            }
            else if (keys.Any(key => key.KeyId == verified.KeyId && key.Revoked == true))
            {
                return new(
                    What, false,
                    "its key is revoked, and it carries no time: nobody can tell whether it was made before; ask the "
                        + "maker for a new export");
            }

            var same = verified.Payload.AsSpan().SequenceEqual(file);
            return new(What, same, same ? $"key {verified.KeyId}" : "it is about another file");
        }
        catch (ProofException exception)
        {
            return new(What, false, exception.Message);
        }
    }
}
