using Marten;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Continues the registration of a store.</summary>
public sealed class MartenConfigurationExpression(IServiceCollection services)
{
    public IServiceCollection Services { get; } = services;

    public MartenConfigurationExpression UseLightweightSessions() => this;
}

/// <summary>Registers the store and sessions of its default tenant.</summary>
public static class MartenServiceCollectionExtensions
{
    public static MartenConfigurationExpression AddMarten(
        this IServiceCollection services, Action<StoreOptions> configure)
    {
        services.AddSingleton<IDocumentStore>(_ => DocumentStore.For(configure));
        services.AddScoped(provider => provider.GetRequiredService<IDocumentStore>().LightweightSession());
        services.AddScoped(provider => provider.GetRequiredService<IDocumentStore>().QuerySession());
        return new MartenConfigurationExpression(services);
    }
}
