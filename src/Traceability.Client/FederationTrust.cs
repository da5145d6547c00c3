using System.Security.Cryptography.X509Certificates;

namespace Traceability.Client;

/// <summary>Whom a program trusts, and what it shows of itself.</summary>
/// <param name="Authority">PEM file with the certificates that may sign others; empty for the machine's own.</param>
/// <param name="Certificate">PEM file of its own certificate; null where it shows none.</param>
/// <param name="CertificateKey">PEM file of the key to it.</param>
public sealed record FederationTrust(string Authority, string? Certificate = null, string? CertificateKey = null)
{
    /// <summary>A peer that does not even answer the knock is away.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>A peer that has gone silent is noticed after this long.</summary>
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Connections that show our certificate and check theirs; each handler has its own.</summary>
    public SocketsHttpHandler CreateHandler()
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = ConnectTimeout,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
        };
        if (Authority.Length > 0)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(Authority);
        }

        if (Certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [LoadCertificate(Certificate, CertificateKey ?? Certificate)];
        }

        return handler;
    }

    /// <summary>What it shows of itself; null where that is nothing.</summary>
    public ShownCertificate? Shown()
    {
        if (Certificate is null)
        {
            return null;
        }

        using var certificate = X509CertificateLoader.LoadCertificateFromFile(Certificate);
        return ShownCertificate.Of(certificate);
    }

    /// <summary>A certificate with its key.</summary>
    public static X509Certificate2 LoadCertificate(string certificate, string key)
    {
        using var pem = X509Certificate2.CreateFromPemFile(certificate, key);
        // Some platforms cannot use a key that was only read from PEM.
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }
}
