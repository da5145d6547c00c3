using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registers gRPC.</summary>
    public static class GrpcServicesExtensions
    {
        public static IGrpcServerBuilder AddGrpc(this IServiceCollection services) => services.AddGrpc(_ => { });

        public static IGrpcServerBuilder AddGrpc(
            this IServiceCollection services, Action<GrpcServiceOptions> configureOptions)
        {
            services.AddRouting();
            services.Configure(configureOptions);
            services.AddSingleton<MappedServices>();
            return new GrpcServerBuilder(services);
        }
    }
}

namespace Grpc.Core
{
    /// <summary>The way from a call to its HTTP request.</summary>
    public static class ServerCallContextExtensions
    {
        public static HttpContext GetHttpContext(this ServerCallContext serverCallContext) =>
            serverCallContext is HttpServerCallContext call
                ? call.Http
                : throw new InvalidOperationException("Could not get HttpContext from ServerCallContext.");
    }
}
