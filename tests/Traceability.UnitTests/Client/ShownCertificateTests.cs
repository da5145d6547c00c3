using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Traceability.Client;
using Xunit;

namespace Traceability.UnitTests.Client;

/// <summary>For whom a certificate speaks.</summary>
public class ShownCertificateTests
{
    private static readonly Guid A = Guid.Parse("0190a000-0000-7000-8000-00000000000a");
    private static readonly Guid B = Guid.Parse("0190a000-0000-7000-8000-00000000000b");

    [Fact]
    public void It_speaks_for_the_operators_that_it_names_and_for_nobody_else()
    {
        Assert.Equal([A], Speaks(ShownCertificate.NameOf(A)));
        Assert.Equal([A, B], Speaks(ShownCertificate.NameOf(A), ShownCertificate.NameOf(B)));
        Assert.Equal([Guid.Empty], Speaks());
        Assert.Equal([Guid.Empty], Speaks(new Uri("urn:other:operator:0190a000-0000-7000-8000-00000000000a")));
    }

    [Theory]
    [InlineData("urn:traceability:operator:")]
    [InlineData("urn:traceability:operator:everybody")]
    [InlineData("urn:traceability:operator:0190a00000007000800000000000000a")]
    [InlineData("urn:traceability:operator:00000000-0000-0000-0000-000000000000")]
    [InlineData("URN:Traceability:Operator:0190a000-0000-7000-8000-00000000000a/x")]
    public void One_that_names_no_operator_by_an_operators_name_speaks_for_nobody_at_all(string name)
    {
        Assert.Empty(Speaks(new Uri(name)));
        Assert.Empty(Speaks(ShownCertificate.NameOf(A), new Uri(name)));
    }

    [Fact]
    public void Names_that_cannot_be_read_speak_for_nobody_at_all()
    {
        using var certificate = Make(new X509Extension("2.5.29.17", [0x30, 0x7f, 0x86], critical: false));

        Assert.False(ShownCertificate.Of(certificate).SpeaksFor(Guid.Empty));
    }

    [Fact]
    public void Its_fingerprint_is_that_of_RFC_8705()
    {
        using var certificate = Make(null);

        Assert.Equal(
            Base64Url.EncodeToString(SHA256.HashData(certificate.RawData)), ShownCertificate.Of(certificate).Fingerprint);
    }

    private static Guid[] Speaks(params Uri[] names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        builder.AddDnsName("localhost");
        names.ToList().ForEach(builder.AddUri);
        using var certificate = Make(builder.Build());
        var shown = ShownCertificate.Of(certificate);
        return [.. new[] { A, B, Guid.Empty }.Where(shown.SpeaksFor)];
    }

    private static X509Certificate2 Make(X509Extension? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        if (names is not null)
        {
            request.CertificateExtensions.Add(names);
        }

        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now, now.AddDays(1));
    }
}
