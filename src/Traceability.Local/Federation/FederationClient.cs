using Grpc.Core;
using Grpc.Net.Client;
using Traceability.Client;

namespace Traceability.Local.Federation;

/// <summary>Calls to one server with a token of one client, as a partner's own program would make them.</summary>
public sealed class FederationClient : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly GrpcChannel _channel;
    private readonly TimeProvider _clock;

    private FederationClient(GrpcChannel channel, string token, TimeProvider clock) =>
        (_channel, Token, _clock) = (channel, token, clock);

    public ChannelBase Channel => _channel;

    public string Token { get; }

    /// <summary>Token and deadline of a call.</summary>
    public CallOptions Call => new(
        new Metadata { { "authorization", $"Bearer {Token}" } }, (_clock.GetUtcNow() + Deadline).UtcDateTime);

    /// <summary>The node of a company, for its clerk.</summary>
    public static async Task<FederationClient> ForClerkAsync(
        LocalFederation federation, string company, CancellationToken cancellationToken) =>
        await ForClerkAsync(federation, company, company, cancellationToken);

    /// <summary>A node, for the clerk of any company; one that is not its own only where that was allowed.</summary>
    public static Task<FederationClient> ForClerkAsync(
        LocalFederation federation, string company, string node, CancellationToken cancellationToken) =>
        ConnectAsync(federation, federation.Company(company), federation.Node(node), cancellationToken);

    /// <summary>A company's node, for the auditors of another firm.</summary>
    public static Task<FederationClient> ForExternalAuditorAsync(
        LocalFederation federation, string firm, string company, CancellationToken cancellationToken) =>
        ConnectAsync(federation, federation.AuditClient(firm), federation.Node(company), cancellationToken);

    /// <summary>The broker, for the administrator.</summary>
    public static Task<FederationClient> ForAdministratorAsync(
        LocalFederation federation, CancellationToken cancellationToken) =>
        ConnectAsync(federation, federation.Administrator, federation.Broker, cancellationToken);

    /// <summary>The broker, for the federation's auditor.</summary>
    public static Task<FederationClient> ForFederationAuditorAsync(
        LocalFederation federation, CancellationToken cancellationToken) =>
        ConnectAsync(federation, federation.Auditor, federation.Broker, cancellationToken);

    /// <summary>The broker, for a company's node: as the node itself would call it.</summary>
    public static Task<FederationClient> ForNodeAsync(
        LocalFederation federation, string company, CancellationToken cancellationToken) =>
        ConnectAsync(federation, federation.NodeClient(company), federation.Broker, cancellationToken);

    private static async Task<FederationClient> ConnectAsync(
        LocalFederation federation, Company client, string server, CancellationToken cancellationToken) => Connect(
            federation,
            server,
            await TokenAsync(federation, client, server, cancellationToken),
            federation.CertificateOf(client.OperatorId));

    public static FederationClient Connect(
        LocalFederation federation, string address, string token, (string Certificate, string Key)? certificate) =>
        new(
            GrpcChannel.ForAddress(address, new GrpcChannelOptions
            {
                HttpHandler = Handler(federation, certificate),
                DisposeHttpClient = true,
            }),
            token,
            TimeProvider.System);

    /// <summary>A token of a client, which is bound to the certificate of its operator.</summary>
    /// <param name="federation">Whose identity provider is asked.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="resource">Address of the one server that the token is for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Task<string> TokenAsync(
        LocalFederation federation, Company client, string resource, CancellationToken cancellationToken) =>
        federation.TokensOf(client.OperatorId).GetAsync(
            new TokenClient(federation.Broker, client.ClientId, client.ClientSecret, resource), cancellationToken);

    /// <summary>Plain HTTPS with the servers of the federation.</summary>
    public static HttpClient Http(LocalFederation federation) => new(Handler(federation, null));

    public void Dispose() => _channel.Dispose();

    private static SocketsHttpHandler Handler(
        LocalFederation federation, (string Certificate, string Key)? certificate) =>
        new FederationTrust(federation.Authority, certificate?.Certificate, certificate?.Key).CreateHandler();
}
