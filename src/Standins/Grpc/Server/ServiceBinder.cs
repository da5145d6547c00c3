using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Turns the methods of a service into endpoints.</summary>
internal sealed class ServiceBinder<TService>(GrpcServiceOptions options, Action<IMethod, Func<HttpServerCallContext, Task>> map)
    : ServiceBinderBase
    where TService : class
{
    private static readonly ObjectFactory<TService> Factory = ActivatorUtilities.CreateFactory<TService>([]);

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(
            method, typeof(TRequest), typeof(ServerCallContext));
        map(method, async call =>
        {
            var request = await SingleAsync(method.RequestMarshaller, call);
            UnaryServerMethod<TRequest, TResponse> next = (message, context) => invoke(Service(call), message, context);
            foreach (var interceptor in InnermostFirst(call))
            {
                var inner = next;
                next = (message, context) => interceptor.UnaryServerHandler(message, context, inner);
            }

            await RespondAsync(method.ResponseMarshaller, await next(request, call), call);
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        map(method, async call =>
        {
            var request = await SingleAsync(method.RequestMarshaller, call);
            ServerStreamingServerMethod<TRequest, TResponse> next =
                (message, responses, context) => invoke(Service(call), message, responses, context);
            foreach (var interceptor in InnermostFirst(call))
            {
                var inner = next;
                next = (message, responses, context) =>
                    interceptor.ServerStreamingServerHandler(message, responses, context, inner);
            }

            await next(request, new ResponseWriter<TResponse>(method.ResponseMarshaller, call), call);
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        map(method, async call =>
        {
            ClientStreamingServerMethod<TRequest, TResponse> next =
                (requests, context) => invoke(Service(call), requests, context);
            foreach (var interceptor in InnermostFirst(call))
            {
                var inner = next;
                next = (requests, context) => interceptor.ClientStreamingServerHandler(requests, context, inner);
            }

            var reader = new RequestReader<TRequest>(method.RequestMarshaller, call);
            await RespondAsync(method.ResponseMarshaller, await next(reader, call), call);
        });
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<
            Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method,
            typeof(IAsyncStreamReader<TRequest>),
            typeof(IServerStreamWriter<TResponse>),
            typeof(ServerCallContext));
        map(method, call =>
        {
            DuplexStreamingServerMethod<TRequest, TResponse> next =
                (requests, responses, context) => invoke(Service(call), requests, responses, context);
            foreach (var interceptor in InnermostFirst(call))
            {
                var inner = next;
                next = (requests, responses, context) =>
                    interceptor.DuplexStreamingServerHandler(requests, responses, context, inner);
            }

            return next(
                new RequestReader<TRequest>(method.RequestMarshaller, call),
                new ResponseWriter<TResponse>(method.ResponseMarshaller, call),
                call);
        });
    }

    private static TDelegate Implementation<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate =>
        typeof(TService).GetMethod(method.Name, parameters)!.CreateDelegate<TDelegate>();

    private static TService Service(HttpServerCallContext call) =>
        call.Http.RequestServices.GetService<TService>() ?? Factory(call.Http.RequestServices, []);

    private static async Task<TRequest> SingleAsync<TRequest>(
        Marshaller<TRequest> marshaller, HttpServerCallContext call)
    {
        var reader = new RequestReader<TRequest>(marshaller, call);
        return await reader.MoveNext(CancellationToken.None)
            ? reader.Current
            : throw new RpcException(new Status(StatusCode.Internal, "Incomplete message."));
    }

    /// <summary>Nothing is flushed here: headers, message and trailers leave together.</summary>
    private static async Task RespondAsync<TResponse>(
        Marshaller<TResponse> marshaller, TResponse? response, HttpServerCallContext call)
        where TResponse : class
    {
        if (call.Status.StatusCode != StatusCode.OK)
        {
            return;
        }

        if (response is null)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."));
        }

        MessageFrame.Write(marshaller, response, call.Http.Response.BodyWriter, call.Options.MaxSendMessageSize);
        if (!call.Http.Response.HasStarted)
        {
            await call.Http.Response.StartAsync(call.CancellationToken);
        }
    }

    private IEnumerable<Interceptor> InnermostFirst(HttpServerCallContext call)
    {
        for (var i = options.Interceptors.Count - 1; i >= 0; i--)
        {
            yield return options.Interceptors[i].Resolve(call.Http.RequestServices);
        }
    }
}
