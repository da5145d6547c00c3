using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Traceability.Domain.Certificates;
using Traceability.Proofs;

namespace Traceability.Evidence;

/// <summary>A certificate whose signature fits, and when it was signed under which key.</summary>
public sealed record SignedCertificate(StatedCertificate Certificate, string KeyId, DateTimeOffset IssuedAt);

/// <summary>
/// How a certificate travels: signed by the supplier's node (JWS) when it is put on record, so that all customers get
/// the same bytes. The customer's node checks who says so; whether the verifier does, a person must ask the verifier.
/// </summary>
public static class CertificateForm
{
    public const string Type = "traceability-certificate+jwt";

    public static string Sign(
        PrivateKey key, OperatorId issuer, string partRef, StatedCertificate certificate, DateTimeOffset now)
    {
        var claims = new JsonObject
        {
            ["iss"] = issuer.ToString(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["part_ref"] = partRef,
            ["certificate_id"] = certificate.CertificateId.ToString(),
            ["verifier"] = certificate.Verifier,
            ["version"] = certificate.Version,
            ["valid_from"] = certificate.ValidFrom.ToString("O", CultureInfo.InvariantCulture),
            ["valid_until"] = certificate.ValidUntil.ToString("O", CultureInfo.InvariantCulture),
        };
        return JsonWebSignature.Sign(key, Type, Encoding.UTF8.GetBytes(claims.ToJsonString()));
    }

    /// <summary>
    /// It must come from the statement's issuer, be about the statement's part, and be signed by a key that was valid.
    /// </summary>
    public static SignedCertificate Read(string document, ReceivedStatement statement, KeyRing keys)
    {
        var read = Read(JsonWebSignature.Verify(document, Type, keys.Find), statement);
        keys.MustHaveSigned(statement.Issuer, read.KeyId, read.IssuedAt);
        return read;
    }

    private static SignedCertificate Read(VerifiedSignature verified, ReceivedStatement statement)
    {
        try
        {
            var claims = JsonNode.Parse(verified.Payload)!;
            var aboutIt = claims["iss"]!.GetValue<string>() == statement.Issuer.ToString()
                && claims["part_ref"]!.GetValue<string>() == statement.PartRef;
            return !aboutIt
                ? throw new ProofException(ProofFailure.NotCommitted, "The certificate is about something else.")
                : new(
                    new(
                        Guid.Parse(claims["certificate_id"]!.GetValue<string>()),
                        claims["verifier"]!.GetValue<string>(),
                        claims["version"]!.GetValue<long>(),
                        Time(claims["valid_from"]!),
                        Time(claims["valid_until"]!)),
                    verified.KeyId,
                    DateTimeOffset.FromUnixTimeSeconds(claims["iat"]!.GetValue<long>()));
        }
        catch (Exception exception) when (exception is NullReferenceException or InvalidOperationException
            or FormatException or ArgumentException or System.Text.Json.JsonException)
        {
            throw new ProofException(
                ProofFailure.Malformed, "The certificate lacks a claim, or a claim makes no sense.");
        }
    }

    private static DateTimeOffset Time(JsonNode text) =>
        DateTimeOffset.Parse(text.GetValue<string>(), CultureInfo.InvariantCulture);
}
