using Grpc.Core;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange.Transport;

/// <summary>
/// The clients of the broker's services: one scope per operator, whose token is on every call of its clients, and the
/// same connections for all.
/// </summary>
internal static class BrokerClients
{
    public static void AddBrokerClients(this IServiceCollection services)
    {
        services.AddSingleton(provider => new TokenCache(
            provider.GetRequiredService<HostSettings>().Trust, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => provider.GetRequiredService<HostSettings>().Trust.CreateHandler());
        services.AddScoped<OperatorTokens>();
        services.AddScoped<BrokerClient>();
        Add<DirectoryService.DirectoryServiceClient>(services);
        Add<TradeService.TradeServiceClient>(services);
        Add<ReleaseService.ReleaseServiceClient>(services);
        Add<ExchangeService.ExchangeServiceClient>(services);
        Add<WitnessService.WitnessServiceClient>(services);
    }

    private static void Add<TClient>(IServiceCollection services)
        where TClient : class => services
            .AddGrpcClient<TClient>((provider, client) =>
                client.Address = new Uri(provider.GetRequiredService<NodeSettings>().Broker))
            .ConfigurePrimaryHttpMessageHandler(provider => provider.GetRequiredService<SocketsHttpHandler>())
            // The handler is one for all and lives as long as the node.
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .AddCallCredentials((call, metadata, scope) =>
                scope.GetRequiredService<OperatorTokens>().AddAsync(metadata, call.CancellationToken));
}

/// <summary>Whose token is on the calls of a scope.</summary>
internal sealed class OperatorTokens(TokenCache cache)
{
    private TokenClient? _client;

    public void Use(TokenClient client) => _client = client;

    public Task AddAsync(Metadata metadata, CancellationToken cancellationToken) => cache.AddAsync(
        _client ?? throw new InvalidOperationException("The scope is no operator's."), metadata, cancellationToken);
}
