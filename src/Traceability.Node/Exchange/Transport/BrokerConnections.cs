using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Traceability.Client;

namespace Traceability.Node.Exchange.Transport;

/// <summary>
/// The connections to the broker, one for each certificate: tokens are fetched with it and are good with it only. An
/// operator has its own, or that of the node where it speaks for the operator; operators of one certificate share. One
/// that was renewed is shown by the next call, and calls that are under way go on with the one before it.
/// </summary>
internal sealed class BrokerConnections(Uri broker, TimeProvider clock) : IDisposable
{
    private readonly Dictionary<FederationTrust, Connection> _connections = [];
    private readonly Dictionary<FederationTrust, RenewedCertificate> _certificates = [];

    /// <param name="trust">With the certificate to show.</param>
    /// <param name="client">The operator's client, whose token is on every call.</param>
    public BrokerClient Of(FederationTrust trust, TokenClient client) =>
        new(
            new RenewedInvoker<Connection>(() => ConnectionOf(trust), connection => InvokerOf(connection, client)),
            clock);

    private CallInvoker InvokerOf(Connection connection, TokenClient client) => GrpcChannel.ForAddress(
        broker,
        new GrpcChannelOptions
        {
            HttpHandler = connection.Handler,
            Credentials = ChannelCredentials.Create(
                ChannelCredentials.SecureSsl, connection.Tokens.CredentialsOf(client)),
        }).CreateCallInvoker();

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
        {
            connection.Handler.Dispose();
            connection.Tokens.Dispose();
        }
    }

    private Connection ConnectionOf(FederationTrust trust)
    {
        lock (_connections)
        {
            var shown = ShownWith(trust);
            if (!_connections.TryGetValue(trust, out var connection) || connection.Shown != shown)
            {
                connection = new(shown, trust.CreateHandler(), new(trust, clock));
                _connections[trust] = connection;
            }

            return connection;
        }
    }

    private X509Certificate2? ShownWith(FederationTrust trust)
    {
        if (trust.Certificate is null)
        {
            return null;
        }

        if (!_certificates.TryGetValue(trust, out var certificate))
        {
            certificate = new(trust.Certificate, trust.CertificateKey ?? trust.Certificate);
            _certificates[trust] = certificate;
        }

        return certificate.Current;
    }

    private sealed record Connection(X509Certificate2? Shown, SocketsHttpHandler Handler, TokenCache Tokens);
}
