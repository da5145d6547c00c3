using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Traceability.Client;

namespace Traceability.Hosting;

/// <summary>
/// Whether a token and the certificate of the connection go together (RFC 8705). A program's token is good with the
/// certificate with which it was fetched, and this one speaks for the token's operator. People come without one.
/// </summary>
public static class BoundTokens
{
    public const string ConfirmationClaim = "cnf";

    /// <summary>The member of the claim that holds the certificate's fingerprint.</summary>
    public const string FingerprintMember = "x5t#S256";

    /// <summary>When a person has signed in; a program never does.</summary>
    private const string SignedInClaim = "auth_time";

    /// <summary>A connection shows one certificate for all its calls.</summary>
    private static readonly ConditionalWeakTable<X509Certificate2, ShownCertificate> Read = [];

    /// <summary>To which a token of this connection is bound; null where it shows no certificate.</summary>
    public static string? CertificateFingerprint(this HttpContext http) => http.Certificate()?.Fingerprint;

    /// <summary>Whether the connection shows a certificate that speaks for an operator; Guid.Empty: for none.</summary>
    public static bool ShowsCertificateOf(this HttpContext http, Guid operatorId) =>
        http.Certificate()?.SpeaksFor(operatorId) is true;

    /// <summary>
    /// What the other side of the connection has shown; null where that was nothing, or has ended or was revoked
    /// since.
    /// </summary>
    internal static ShownCertificate? Certificate(this HttpContext http) =>
        http.Connection.ClientCertificate is { } certificate
        && Read.GetValue(certificate, ShownCertificate.Of) is { } shown
        && http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() < shown.EndsAt
        && !http.RequestServices.GetRequiredService<RevokedCertificates>().Contains(shown.Fingerprint)
            ? shown
            : null;

    internal static bool Admit(ClaimsPrincipal token, ShownCertificate? shown)
    {
        var caller = Caller.Of(token);
        var isBound = token.HasClaim(claim => claim.Type == ConfirmationClaim);
        if (!isBound && IsPersons(token, caller))
        {
            // A certificate that speaks for others must not be the way in, either.
            return shown is null || shown.SpeaksFor(Guid.Empty) || shown.SpeaksFor(caller.OperatorId.Value);
        }

        return shown is not null
            && FingerprintOf(token) == shown.Fingerprint
            && shown.SpeaksFor(caller.OperatorId.Value);
    }

    /// <summary>Whoever is not known to be a person is a program.</summary>
    private static bool IsPersons(ClaimsPrincipal token, Caller caller) =>
        token.HasClaim(claim => claim.Type == SignedInClaim)
        && caller.Subject.Length > 0
        && caller.Subject != caller.ClientId;

    private static string? FingerprintOf(ClaimsPrincipal token)
    {
        if (token.FindAll(ConfirmationClaim).ToArray() is not [var confirmation])
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(confirmation.Value);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty(FingerprintMember, out var member)
                && member.ValueKind == JsonValueKind.String
                    ? member.GetString()
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
