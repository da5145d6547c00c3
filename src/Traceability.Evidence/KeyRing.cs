using System.Globalization;
using Traceability.Proofs;

namespace Traceability.Evidence;

/// <summary>
/// A signing key of an operator and when it was valid, as the federation's directory has it; half open.
/// </summary>
/// <param name="OperatorId">Whose.</param>
/// <param name="KeyId">Its thumbprint (RFC 7638).</param>
/// <param name="Jwk">The public key (RFC 7517).</param>
/// <param name="ValidFrom">What is dated before was not signed with it by its owner.</param>
/// <param name="ValidUntil">Nor what is dated then or later. Null: it is in use.</param>
/// <param name="Revoked">True: it was lost, and not just replaced. Otherwise absent.</param>
public sealed record SigningKey(
    OperatorId OperatorId, string KeyId, string Jwk, DateTimeOffset ValidFrom, DateTimeOffset? ValidUntil,
    bool? Revoked = null);

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
    public PublicKey? Find(string keyId) => _keys.Where(key => key.KeyId == keyId)
        .Select(key => PublicKey.FromJwk(key.Jwk))
        // A key under the id of another one is nobody's.
        .FirstOrDefault(key => key.KeyId == keyId);

    /// <summary>What is known of these companies' keys from elsewhere takes the place of what is said here.</summary>
    public KeyRing Pinned(IReadOnlyList<SigningKey> known)
    {
        var companies = known.Select(key => key.OperatorId).ToHashSet();
        return new(_keys.Where(key => !companies.Contains(key.OperatorId)).Concat(known));
    }

    /// <exception cref="ProofException">It was not the issuer's key, or not then.</exception>
    public void MustHaveSigned(OperatorId issuer, string keyId, DateTimeOffset issuedAt)
    {
        var said = _keys.Where(one => one.OperatorId == issuer && one.KeyId == keyId).ToArray();
        if (said.Length == 0)
        {
            throw new ProofException(ProofFailure.UnknownKey, "The key is not one of the issuer's.");
        }

        // Who says two things about one key is held to both.
        foreach (var key in said.Where(
                     key => key.ValidFrom > issuedAt + ClockTolerance || issuedAt >= key.ValidUntil))
        {
            throw new ProofException(
                ProofFailure.UnknownKey, $"The key {Times(key)}, and this was signed at {Time(issuedAt)}.");
        }
    }

    private static string Times(SigningKey key) => key switch
    {
        { ValidUntil: null } => $"came into use at {Time(key.ValidFrom)}",
        { Revoked: true } => $"is revoked: nothing is to be believed that was signed with it from "
            + $"{Time(key.ValidUntil.Value)} on",
        _ => $"was valid from {Time(key.ValidFrom)} to {Time(key.ValidUntil.Value)}",
    };

    private static string Time(DateTimeOffset time) => time.ToString("u", CultureInfo.InvariantCulture);
}
