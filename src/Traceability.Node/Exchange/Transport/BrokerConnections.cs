using Grpc.Core;
using Grpc.Net.Client;
using Traceability.Client;

namespace Traceability.Node.Exchange.Transport;

/// <summary>
/// The connections to the broker, one for each certificate: tokens are fetched with it and are good with it only. An
/// operator has its own, or that of the node where it speaks for the operator; operators of one certificate share.
/// </summary>
internal sealed class BrokerConnections(Uri broker, TimeProvider clock) : IDisposable
{
    private readonly Dictionary<FederationTrust, Connection> _connections = [];

    /// <param name="trust">With the certificate to show.</param>
    /// <param name="client">The operator's client, whose token is on every call.</param>
    public BrokerClient Of(FederationTrust trust, TokenClient client)
    {
        var connection = ConnectionOf(trust);
        return new(
            GrpcChannel.ForAddress(broker, new GrpcChannelOptions
            {
                HttpHandler = connection.Handler,
                Credentials = ChannelCredentials.Create(
                    ChannelCredentials.SecureSsl, connection.Tokens.CredentialsOf(client)),
            }),
            clock);
    }

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
            if (!_connections.TryGetValue(trust, out var connection))
            {
                connection = new(trust.CreateHandler(), new(trust, clock));
                _connections[trust] = connection;
            }

            return connection;
        }
    }

    private sealed record Connection(SocketsHttpHandler Handler, TokenCache Tokens);
}
