using Traceability.Proofs;

namespace Traceability.Evidence;

/// <summary>
/// A signing key of an operator and when it was valid, as the federation's directory has it; half open.
/// </summary>
public sealed record SigningKey(
    OperatorId OperatorId, string KeyId, string Jwk, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil);

/// <summary>
/// The keys by which evidence is judged. A signature counts if its key was valid when it was made: replaced keys keep
/// their signatures, a revoked one loses those from its revocation on.
/// </summary>
public sealed class KeyRing(IEnumerable<SigningKey> keys)
{
    /// <summary>Clocks of companies differ, and signatures carry whole seconds.</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    private readonly IReadOnlyList<SigningKey> _keys = [.. keys];

    /// <summary>By its id, which is its thumbprint; null where it is not known.</summary>
    public PublicKey? Find(string keyId) =>
        _keys.FirstOrDefault(key => key.KeyId == keyId) is { } key ? PublicKey.FromJwk(key.Jwk) : null;

    /// <exception cref="ProofException">It was not the issuer's key, or not then.</exception>
    public void MustHaveSigned(OperatorId issuer, string keyId, DateTimeOffset issuedAt)
    {
        var key = _keys.FirstOrDefault(one => one.OperatorId == issuer && one.KeyId == keyId)
            ?? throw new ProofException(ProofFailure.UnknownKey, "The key is not one of the issuer's.");
        if (key.ValidFrom > issuedAt + ClockTolerance || issuedAt >= key.ValidUntil)
        {
            throw new ProofException(
                ProofFailure.UnknownKey,
                $"The key was valid from {key.ValidFrom:u} to {key.ValidUntil:u}, "
                + $"not when this was signed ({issuedAt:u}).");
        }
    }
}
