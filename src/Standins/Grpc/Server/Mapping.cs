using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Continues the mapping of a service.</summary>
public sealed class GrpcServiceEndpointConventionBuilder : IEndpointConventionBuilder
{
    private readonly IReadOnlyList<IEndpointConventionBuilder> _endpoints;

    internal GrpcServiceEndpointConventionBuilder(IReadOnlyList<IEndpointConventionBuilder> endpoints) =>
        _endpoints = endpoints;

    public void Add(Action<EndpointBuilder> convention)
    {
        foreach (var endpoint in _endpoints)
        {
            endpoint.Add(convention);
        }
    }

    public void Finally(Action<EndpointBuilder> finallyConvention)
    {
        foreach (var endpoint in _endpoints)
        {
            endpoint.Finally(finallyConvention);
        }
    }
}

/// <summary>Maps services to endpoints.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        var services = builder.ServiceProvider;
        var options = services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Grpc.AspNetCore.Server");
        var binding = BindingOf(typeof(TService));
        services.GetRequiredService<MappedServices>().Add(binding);

        List<IEndpointConventionBuilder> endpoints = [];
        var binder = new ServiceBinder<TService>(options, (method, run) =>
        {
            var handler = new CallHandler(method, options, logger, run);
            endpoints.Add(Map<TService>(builder, method, handler));
        });
        binding.BindType.GetMethod(binding.BindMethodName, [typeof(ServiceBinderBase), BaseOf(binding)])!
            .Invoke(null, [binder, null]);
        MapUnknown(builder, binding);
        return new GrpcServiceEndpointConventionBuilder(endpoints);
    }

    /// <summary>Answers for what nobody has mapped.</summary>
    internal static Task UnknownAsync(HttpContext http, string text)
    {
        http.Response.ContentType = Grpc.Wire.Headers.ContentType;
        http.Response.Headers[Grpc.Wire.Headers.Status] = "12";
        http.Response.Headers[Grpc.Wire.Headers.Message] = text;
        return Task.CompletedTask;
    }

    private static RouteHandlerBuilder Map<TService>(
        IEndpointRouteBuilder builder, IMethod method, CallHandler handler)
    {
        RequestDelegate run = handler.HandleAsync;
        var endpoint = builder.MapPost(method.FullName, (Delegate)run);
        var implementation = typeof(TService).GetMethod(method.Name)!;
        return endpoint
            .WithDisplayName($"gRPC - {method.FullName}")
            .WithMetadata([
                method,
                .. typeof(TService).GetCustomAttributes(inherit: true),
                .. implementation.GetCustomAttributes(inherit: true),
            ]);
    }

    private static void MapUnknown(IEndpointRouteBuilder builder, BindServiceMethodAttribute binding)
    {
        var name = MappedServices.DescriptorOf(binding)?.FullName;
        RequestDelegate unknownMethod = http => UnknownAsync(http, "Method is unimplemented.");
        builder.MapPost($"{name}/{{unimplementedMethod}}", unknownMethod).Add(b => ((RouteEndpointBuilder)b).Order = 1);
        if (builder.DataSources.SelectMany(source => source.Endpoints).Any(e => e.DisplayName == UnknownServiceName))
        {
            return;
        }

        RequestDelegate unknownService = http => IsGrpc(http)
            ? UnknownAsync(http, "Service is unimplemented.")
            : Task.FromResult(http.Response.StatusCode = StatusCodes.Status404NotFound);
        builder.MapPost("{unimplementedService}/{unimplementedMethod}", unknownService)
            .WithDisplayName(UnknownServiceName)
            .Add(b => ((RouteEndpointBuilder)b).Order = 2);
    }

    private const string UnknownServiceName = "gRPC - unimplemented service";

    private static bool IsGrpc(HttpContext http) =>
        http.Request.ContentType?.StartsWith(Grpc.Wire.Headers.ContentType, StringComparison.Ordinal) == true;

    private static BindServiceMethodAttribute BindingOf(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } binding)
            {
                return binding;
            }
        }

        throw new InvalidOperationException($"{service} is not derived from a generated service base.");
    }

    private static Type BaseOf(BindServiceMethodAttribute binding) => binding.BindType.GetMethods()
        .Where(method => method.Name == binding.BindMethodName && method.GetParameters().Length == 2)
        .Select(method => method.GetParameters()[1].ParameterType)
        .Single();
}
