using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Traceability.Client;
using Traceability.Hosting;
using Xunit;

namespace Traceability.UnitTests.Hosting;

/// <summary>Which token goes with which certificate.</summary>
public class BoundTokensTests
{
    private static readonly Guid A = Guid.CreateVersion7();
    private static readonly Guid B = Guid.CreateVersion7();

    private static readonly Dictionary<string, ShownCertificate?> Certificates = new()
    {
        ["none"] = null,
        ["a"] = Certificate("fa", A),
        ["another of a"] = Certificate("fx", A),
        ["b"] = Certificate("fb", B),
        ["a and b"] = Certificate("fab", A, B),
        ["nobody's"] = Certificate("fn"),
        ["unreadable"] = Certificate("fu") with { IsReadable = false },
    };

    private static readonly Claim SignedIn = new("auth_time", "1764230000");

    /// <summary>A token, and all certificates with which it opens anything.</summary>
    public static TheoryData<string, string[]> Table => new()
    {
        { "program of a, bound to a", ["a"] },
        { "program of a, bound to another of a", ["another of a"] },
        { "program of a, bound to a and b", ["a and b"] },
        { "program of b, bound to a and b", ["a and b"] },
        // As an issuer would that does not look at who shows the certificate.
        { "program of a, bound to b", [] },
        { "program of a, bound to nobody's", [] },
        { "program of nobody, bound to nobody's", ["nobody's"] },
        { "program of nobody, bound to a", [] },
        { "program of nobody, bound to unreadable", [] },
        { "program of a, not bound", [] },
        { "program of nobody, not bound", [] },
        { "person of a, not bound", ["none", "a", "another of a", "a and b", "nobody's"] },
        { "person of nobody, not bound", ["none", "nobody's"] },
        { "person of a, bound to a", ["a"] },
        { "person of a, bound to b", [] },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_token_opens_something_with_these_certificates_only(string token, string[] expected)
    {
        var words = token.Split(" of ", 2)[1].Split(", ");
        var claims = Claims(words[0], token.StartsWith("person", StringComparison.Ordinal));
        if (words[1].StartsWith("bound to ", StringComparison.Ordinal))
        {
            claims.Add(Confirmation($$"""{"x5t#S256":"{{Certificates[words[1]["bound to ".Length..]]!.Fingerprint}}"}"""));
        }

        Assert.Equal(expected, Certificates.Where(one => Admit(claims, one.Value)).Select(one => one.Key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("fa")]
    [InlineData("\"fa\"")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"jkt":"fa"}""")]
    [InlineData("""{"x5t#S256":null}""")]
    [InlineData("""{"x5t#S256":["fa"]}""")]
    [InlineData("""{"x5t#S256":"FA"}""")]
    [InlineData("""{"x5t#S256":"fa"}""", """{"x5t#S256":"fa"}""")]
    public void What_is_not_one_binding_is_bound_to_nothing_at_all(params string[] confirmations)
    {
        foreach (var isPerson in new[] { true, false })
        {
            List<Claim> claims = [.. Claims("a", isPerson), .. confirmations.Select(Confirmation)];
            Assert.DoesNotContain(Certificates.Values, shown => Admit(claims, shown));
        }
    }

    /// <summary>Of another provider, which may name a program's subject as it likes.</summary>
    [Fact]
    public void Who_is_not_known_to_be_a_person_is_a_program()
    {
        Claim[] said = [new("operator_id", $"{A}"), new("client_id", "pages")];

        Assert.True(Admit([.. said, new("sub", "person"), SignedIn], null));
        Assert.False(Admit([.. said, new("sub", "service-account"), new("azp", "pages")], null));
        Assert.False(Admit([.. said, new("sub", "pages"), SignedIn], null));
        Assert.False(Admit([.. said, SignedIn], null));
    }

    [Fact]
    public void A_certificate_that_has_ended_is_none_on_a_connection_that_has_not()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddSeconds(60));
        var clock = new StoppedClock { Now = now };
        using var services = Services(clock);
        var http = new DefaultHttpContext { RequestServices = services };
        Assert.Null(http.Certificate());

        http.Connection.ClientCertificate = certificate;
        Assert.NotNull(http.Certificate());

        clock.Now = now.AddSeconds(61);
        Assert.Null(http.Certificate());
    }

    [Fact]
    public void A_certificate_that_is_revoked_is_none_and_none_is_taken_back()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        using var services = Services(TimeProvider.System);
        var http = new DefaultHttpContext { RequestServices = services };
        http.Connection.ClientCertificate = certificate;
        var fingerprint = http.Certificate()!.Fingerprint;
        var revoked = services.GetRequiredService<RevokedCertificates>();

        revoked.Add(["another"]);
        Assert.NotNull(http.Certificate());

        revoked.Add([fingerprint]);
        revoked.Add(["another"]);
        Assert.Null(http.Certificate());
        Assert.Equal(2, revoked.All.Count);
    }

    private static ServiceProvider Services(TimeProvider clock) =>
        new ServiceCollection().AddSingleton(clock).AddSingleton<RevokedCertificates>().BuildServiceProvider();

    private static bool Admit(IEnumerable<Claim> claims, ShownCertificate? shown) =>
        BoundTokens.Admit(new(new ClaimsIdentity(claims, "test")), shown);

    private static List<Claim> Claims(string name, bool isPerson) =>
    [
        new("operator_id", name switch { "a" => $"{A}", "b" => $"{B}", _ => "" }),
        new("client_id", "client"),
        .. isPerson ? new[] { new Claim("sub", "person"), SignedIn } : [new("sub", "client")],
    ];

    private static Claim Confirmation(string value) => new("cnf", value, "JSON");

    private static ShownCertificate Certificate(string fingerprint, params Guid[] operators) =>
        new(operators.ToHashSet(), fingerprint);

    private sealed class StoppedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
