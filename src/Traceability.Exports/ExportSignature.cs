using Traceability.Evidence;
using Traceability.Proofs;

namespace Traceability.Exports;

/// <summary>The maker's signature over the very bytes of the file beside it (compact JWS, RFC 7515).</summary>
public static class ExportSignature
{
    public const string Extension = "jws";

    private const string Type = "traceability-declaration+jws";

    public static string Sign(PrivateKey key, byte[] file) => JsonWebSignature.Sign(key, Type, file);

    /// <summary>Needs no server: the bundle holds the maker's keys as the federation's directory has them.</summary>
    public static BundleCheck Check(string signature, byte[] file, AuditBundle bundle)
    {
        const string What = "The signature beside it is the maker's, about this file";
        try
        {
            var maker = new KeyRing(bundle.Manifest.Keys.Where(key => key.OperatorId == bundle.Manifest.OperatorId));
            var verified = JsonWebSignature.Verify(signature, Type, maker.Find);
            var same = verified.Payload.AsSpan().SequenceEqual(file);
            return new(What, same, same ? $"key {verified.KeyId}" : "it is about another file");
        }
        catch (ProofException exception)
        {
            return new(What, false, exception.Message);
        }
    }
}
