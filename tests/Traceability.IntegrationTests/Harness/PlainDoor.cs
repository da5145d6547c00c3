using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Traceability.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Traceability.IntegrationTests.Harness;

/// <summary>
/// A way into a server without TLS, for more calls than need to be encrypted. Behind it everything is as it is: tokens,
/// roles, limits. Whoever comes this way counts as one who has shown one certificate.
/// </summary>
internal sealed class PlainDoor : IStartupFilter, IDisposable
{
    private X509Certificate2? _shown;

    private readonly ConcurrentDictionary<string, string> _addresses = [];

    /// <summary>Where it is, of "broker" or "node-A".</summary>
    public string Of(string server) => _addresses[server];

    /// <summary>The certificate of everybody who comes this way.</summary>
    public void Show((string Certificate, string Key) certificate) =>
        _shown = FederationTrust.LoadCertificate(certificate.Certificate, certificate.Key);

    public void Found(string server, string address) => _addresses[server] = address;

    public void Open(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IStartupFilter>(this);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((http, rest) =>
        {
            if (!http.Request.IsHttps)
            {
                http.Connection.ClientCertificate = _shown;
            }

            return rest(http);
        });
        next(app);
    };

    public void Dispose() => _shown?.Dispose();
}
