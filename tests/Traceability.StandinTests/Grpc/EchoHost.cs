using System.Net;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Traceability.Local.Federation;

namespace Traceability.StandinTests.Grpc;

/// <summary>How the two sides know each other.</summary>
public enum Transport
{
    Plain,
    Tls,
    Mtls,
}

/// <summary>The echo service on a free port of this machine, and certificates for both sides.</summary>
internal sealed class EchoHost : IAsyncDisposable
{
    public const int MaxMessageBytes = 8 << 20;

    private readonly WebApplication _app;

    private EchoHost(WebApplication app, Transport transport, string folder) =>
        (_app, Transport, Folder) = (app, transport, folder);

    public Transport Transport { get; }

    /// <summary>Of the certificates.</summary>
    public string Folder { get; }

    public string Address => _app.Urls.First();

    public static async Task<EchoHost> StartAsync(Transport transport)
    {
        var folder = MakeCertificates();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (transport != Transport.Plain)
            {
                listen.UseHttps(Load(folder, "server"), https => RequireClient(https, transport, folder));
            }
        }));
        builder.Services.AddSingleton<EchoCounts>();
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaxMessageBytes;
            options.MaxSendMessageSize = MaxMessageBytes;
        });
        var app = builder.Build();
        app.MapGrpcService<EchoServer>();
        await app.StartAsync();
        return new(app, transport, folder);
    }

    /// <summary>A new folder with an authority, and certificates for "server" and "peer".</summary>
    public static string MakeCertificates()
    {
        var folder = Directory.CreateTempSubdirectory("traceability-standin-").FullName;
        var certificates = new Certificates(folder, TimeProvider.System);
        certificates.Issue("server");
        certificates.Issue("peer");
        return folder;
    }

    public GrpcChannel Connect() => Connect(Address, Transport, Folder);

    public static GrpcChannel Connect(string address, Transport transport, string folder)
    {
        var handler = new SocketsHttpHandler();
        if (transport != Transport.Plain)
        {
            handler.SslOptions.CertificateChainPolicy = Trust(folder);
        }

        if (transport == Transport.Mtls)
        {
            handler.SslOptions.ClientCertificates = [Load(folder, "peer")];
        }

        return GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessageBytes,
            MaxSendMessageSize = 2 * MaxMessageBytes,
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private static void RequireClient(HttpsConnectionAdapterOptions https, Transport transport, string folder)
    {
        if (transport != Transport.Mtls)
        {
            return;
        }

        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = (certificate, _, _) =>
        {
            using var chain = new X509Chain { ChainPolicy = Trust(folder) };
            return chain.Build(certificate);
        };
    }

    private static X509ChainPolicy Trust(string folder)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.ImportFromPemFile(Path.Combine(folder, "ca.crt"));
        return policy;
    }

    private static X509Certificate2 Load(string folder, string name) => X509Certificate2.CreateFromPemFile(
        Path.Combine(folder, $"{name}.crt"), Path.Combine(folder, $"{name}.key"));
}
