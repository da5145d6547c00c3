using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Grpc.Net.ClientFactory;
using Microsoft.Extensions.Options;

namespace Grpc.Net.ClientFactory
{
    /// <summary>Settings of one client.</summary>
    public class GrpcClientFactoryOptions
    {
        public Uri? Address { get; set; }

        internal List<Action<GrpcChannelOptions>> ChannelOptions { get; } = [];

        internal List<Func<IServiceProvider, Interceptor>> Interceptors { get; } = [];
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registers clients as services.</summary>
    public static class GrpcClientServiceExtensions
    {
        public static IHttpClientBuilder AddGrpcClient<TClient>(
            this IServiceCollection services, Action<GrpcClientFactoryOptions> configureClient)
            where TClient : ClientBase
        {
            var name = typeof(TClient).Name;
            services.Configure(name, configureClient);
            services.AddKeyedSingleton(name, (provider, _) => Channel(provider, name));
            var factory = ActivatorUtilities.CreateFactory<TClient>([typeof(CallInvoker)]);
            services.AddTransient(provider => factory(provider, [Invoker(provider, name)]));
            return services.AddHttpClient(name);
        }

        private static GrpcChannel Channel(IServiceProvider provider, string name)
        {
            var settings = provider.GetRequiredService<IOptionsMonitor<GrpcClientFactoryOptions>>().Get(name);
            var options = new GrpcChannelOptions
            {
                HttpHandler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name),
            };
            settings.ChannelOptions.ForEach(configure => configure(options));
            var address = settings.Address
                ?? throw new InvalidOperationException($"Could not resolve the address for gRPC client '{name}'.");
            return GrpcChannel.ForAddress(address, options);
        }

        private static CallInvoker Invoker(IServiceProvider provider, string name)
        {
            var settings = provider.GetRequiredService<IOptionsMonitor<GrpcClientFactoryOptions>>().Get(name);
            Interceptor[] interceptors = [.. settings.Interceptors.Select(create => create(provider))];
            return provider.GetRequiredKeyedService<GrpcChannel>(name).CreateCallInvoker().Intercept(interceptors);
        }
    }

    /// <summary>Continues the registration of a client.</summary>
    public static class GrpcHttpClientBuilderExtensions
    {
        public static IHttpClientBuilder ConfigureChannel(
            this IHttpClientBuilder builder, Action<GrpcChannelOptions> configureChannel)
        {
            builder.Services.Configure<GrpcClientFactoryOptions>(
                builder.Name, options => options.ChannelOptions.Add(configureChannel));
            return builder;
        }

        public static IHttpClientBuilder AddInterceptor<TInterceptor>(this IHttpClientBuilder builder)
            where TInterceptor : Interceptor
        {
            builder.Services.Configure<GrpcClientFactoryOptions>(
                builder.Name, options => options.Interceptors.Add(p => p.GetRequiredService<TInterceptor>()));
            return builder;
        }
    }
}
