using Grpc.Core;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;

namespace Traceability.Node.Exchange.Transport;

/// <summary>
/// The clients of the broker's services: one scope per operator, whose token is on every call of its clients, and the
/// same connections for all.
/// </summary>
internal static class BrokerClients
{
    public static void AddBrokerClients(this IServiceCollection services, Uri broker)
    {
        services.AddSingleton(provider => new TokenCache(
            provider.GetRequiredService<HostSettings>().Trust, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => provider.GetRequiredService<HostSettings>().Trust.CreateHandler());
        services.AddScoped<OperatorTokens>();
        services.AddScoped<BrokerClient>();
        Add<DirectoryService.DirectoryServiceClient>(services, broker);
        Add<TradeService.TradeServiceClient>(services, broker);
        Add<ReleaseService.ReleaseServiceClient>(services, broker);
        Add<ExchangeService.ExchangeServiceClient>(services, broker);
        Add<WitnessService.WitnessServiceClient>(services, broker);
    }

    private static void Add<TClient>(IServiceCollection services, Uri broker)
        where TClient : class => services
            .AddGrpcClient<TClient>(client => client.Address = broker)
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
