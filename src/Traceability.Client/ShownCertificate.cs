using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Traceability.Client;

/// <summary>What a certificate says of who shows it. That its authority is trusted is for TLS to see to.</summary>
/// <param name="Operators">For whom it speaks; empty: for nobody.</param>
/// <param name="Fingerprint">What tokens are bound to: x5t#S256 of RFC 8705.</param>
/// <param name="IsReadable">Whether all that it says of operators could be read.</param>
public sealed record ShownCertificate(IReadOnlySet<Guid> Operators, string Fingerprint, bool IsReadable = true)
{
    private const string Prefix = "urn:traceability:operator:";
    private const string AlternativeNames = "2.5.29.17";

    /// <summary>GeneralName of RFC 5280: the choice that is a URI.</summary>
    private static readonly Asn1Tag UriName = new(TagClass.ContextSpecific, 6);

    /// <summary>A connection may last longer than the certificate with which it was opened.</summary>
    public DateTimeOffset EndsAt { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>The name by which a certificate speaks for an operator: a URI among its alternative names.</summary>
    public static Uri NameOf(Guid operatorId) => new($"{Prefix}{operatorId}");

    public static ShownCertificate Of(X509Certificate2 certificate)
    {
        var fingerprint = Base64Url.EncodeToString(certificate.GetCertHash(HashAlgorithmName.SHA256));
        try
        {
            var operators = UrisOf(certificate)
                .Where(uri => uri.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                .Select(uri => Guid.TryParseExact(uri[Prefix.Length..], "D", out var id) ? id : Guid.Empty)
                .ToHashSet();
            // A name that is no operator's must not make of its holder one who speaks for none.
            return new(operators, fingerprint, !operators.Contains(Guid.Empty)) { EndsAt = certificate.NotAfter };
        }
        catch (Exception unreadable) when (unreadable is AsnContentException or CryptographicException)
        {
            return new(new HashSet<Guid>(), fingerprint, IsReadable: false);
        }
    }

    /// <summary>Whether it speaks for this operator; Guid.Empty is for those who act for none.</summary>
    public bool SpeaksFor(Guid operatorId) =>
        IsReadable && (operatorId == Guid.Empty ? Operators.Count == 0 : Operators.Contains(operatorId));

    private static IEnumerable<string> UrisOf(X509Certificate2 certificate)
    {
        foreach (var extension in certificate.Extensions.Where(one => one.Oid?.Value == AlternativeNames))
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(UriName))
                {
                    yield return names.ReadCharacterString(UniversalTagNumber.IA5String, UriName);
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }
    }
}
