using System.Security.Cryptography.X509Certificates;

namespace Traceability.Hosting;

/// <summary>What every server is told by its configuration, section "Host".</summary>
public sealed record HostSettings
{
    /// <summary>Where it listens, such as https://127.0.0.1:5001. Port 0 takes a free one.</summary>
    public string Listen { get; init; } = "https://127.0.0.1:0";

    /// <summary>PEM files of the server, also shown to peers as the client certificate.</summary>
    public required string Certificate { get; init; }

    public required string CertificateKey { get; init; }

    /// <summary>PEM file with the certificates of those who may sign others.</summary>
    public required string CertificateAuthority { get; init; }

    /// <summary>Whether gRPC calls need a client certificate.</summary>
    public bool RequireClientCertificate { get; init; }

    /// <summary>Who issues tokens: an OpenID Connect issuer.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>What tokens must be for: "node" or "broker".</summary>
    public string Audience { get; init; } = "";

    /// <summary>
    /// Calls of one operator per second, over all its clients; twice as many in one burst. A node that passes on
    /// every change of a thousand parts within a second stays below it.
    /// </summary>
    public int CallsPerSecond { get; init; } = 2000;

    /// <summary>Open streams of one operator: a node has one at the broker, a person at work a few.</summary>
    public int StreamsPerOperator { get; init; } = 100;

    /// <summary>Where the address is written once it is known, for those who started the process.</summary>
    public string? AddressFile { get; init; }

    internal X509Certificate2 LoadCertificate()
    {
        using var pem = X509Certificate2.CreateFromPemFile(Certificate, CertificateKey);
        // Some platforms cannot use a key that was only read from PEM.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

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
