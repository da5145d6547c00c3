using System.Security.Cryptography.X509Certificates;
using Traceability.Client;

namespace Traceability.Hosting;

/// <summary>What every server is told by its configuration, section "Host".</summary>
public sealed record HostSettings
{
    /// <summary>Where it listens, such as https://127.0.0.1:5001. Port 0 takes a free one.</summary>
    public string Listen { get; init; } = "https://127.0.0.1:0";

    /// <summary>
    /// Where others reach it, such as https://node-a:8443. Needed where that is not where it listens: behind a name, a
    /// load balancer, or on a free port.
    /// </summary>
    public string? Address { get; init; }

    /// <summary>
    /// PEM files of the server, also shown to peers as the client certificate. They may be replaced while it runs.
    /// </summary>
    public required string Certificate { get; init; }

    public required string CertificateKey { get; init; }

    /// <summary>PEM file with the certificates of those who may sign others.</summary>
    public required string CertificateAuthority { get; init; }

    /// <summary>Whether gRPC calls of people need a client certificate, too; those of programs always do.</summary>
    public bool RequireClientCertificate { get; init; }

    /// <summary>Who issues tokens: address of an OpenID Connect issuer. Empty at a broker: the broker itself.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>What tokens must be for: an absolute URI that no other server has. Empty: its own address.</summary>
    public string Audience { get; init; } = "";

    /// <summary>
    /// Calls of one operator per second, over all its clients; twice as many in one burst. A node that passes on
    /// every change of a thousand parts within a second stays below it.
    /// </summary>
    public int CallsPerSecond { get; init; } = 2000;

    /// <summary>Open streams of one operator: a node has one at the broker, a person at work a few.</summary>
    public int StreamsPerOperator { get; init; } = 100;

    /// <summary>
    /// Calls without a good token from one address per second, ten times as many in one burst. Callers who are known
    /// do not count. Behind a proxy that hides addresses all callers are one.
    /// </summary>
    public int AnonymousCallsPerSecond { get; init; } = 100;

    /// <summary>New connections from one address per second, ten times as many in one burst.</summary>
    public int ConnectionsPerSecond { get; init; } = 50;

    /// <summary>Whether anybody may ask which rpcs there are: for development.</summary>
    public bool Reflection { get; init; }

    /// <summary>How soon a server learns of a client certificate that was revoked at another.</summary>
    public TimeSpan RevocationInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the address is written once it is known, for those who started the process.</summary>
    public string? AddressFile { get; init; }

    /// <summary>Whom it trusts when it calls others, and what it shows them.</summary>
    public FederationTrust Trust => new(CertificateAuthority, Certificate, CertificateKey);

    /// <summary>The origin under which others know it: no path, no slash at the end.</summary>
    /// <exception cref="InvalidOperationException">The settings do not say.</exception>
    public string PublicAddress
    {
        get
        {
            var address = new Uri(Address ?? Listen);
            return address.Port == 0 || address.Host is "0.0.0.0" or "[::]"
                ? throw new InvalidOperationException(
                    $"Nobody else reaches a server at {address}: Host:Address must say under which address they do.")
                : address.GetLeftPart(UriPartial.Authority);
        }
    }

    /// <summary>The audience of the tokens that are let in: those for another server are not.</summary>
    public string TokenAudience => Audience.Length > 0 ? Audience : PublicAddress;

    /// <summary>Trusts the federation's own authority, and nobody else.</summary>
    internal bool Trusts(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(CertificateAuthority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
