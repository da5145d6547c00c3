using System.Collections.ObjectModel;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>An interceptor by its type, made anew for each call unless it is a service.</summary>
public class InterceptorRegistration(Type type, object[] arguments)
{
    private readonly ObjectFactory _factory =
        ActivatorUtilities.CreateFactory(type, [.. arguments.Select(argument => argument.GetType())]);

    public Type Type { get; } = type;

    internal Interceptor Resolve(IServiceProvider services) =>
        (Interceptor)(services.GetService(Type) ?? _factory(services, arguments));
}

/// <summary>The server's interceptors, outermost first.</summary>
public class InterceptorCollection : Collection<InterceptorRegistration>
{
    public void Add<TInterceptor>(params object[] args)
        where TInterceptor : Interceptor => Add(new InterceptorRegistration(typeof(TInterceptor), args));
}

/// <summary>Settings of all services of a server.</summary>
public class GrpcServiceOptions
{
    /// <summary>In bytes; null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>In bytes; null for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Whether clients are told what an unexpected exception says.</summary>
    public bool? EnableDetailedErrors { get; set; }

    public InterceptorCollection Interceptors { get; } = [];
}

/// <summary>Continues a registration.</summary>
public interface IGrpcServerBuilder
{
    IServiceCollection Services { get; }
}

internal sealed class GrpcServerBuilder(IServiceCollection services) : IGrpcServerBuilder
{
    public IServiceCollection Services { get; } = services;
}
