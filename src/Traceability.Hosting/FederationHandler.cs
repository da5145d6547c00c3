using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Traceability.Hosting;

/// <summary>Connections to others in the federation: own certificate shown, theirs checked.</summary>
public sealed class FederationHandler(HostSettings settings)
{
    public SocketsHttpHandler Create() => new()
    {
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificates = [settings.LoadCertificate()],
            // The name was checked by the platform; the chain is checked against the federation's own authority.
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                certificate is X509Certificate2 theirs
                && (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
                && settings.Trusts(theirs),
        },
    };
}
