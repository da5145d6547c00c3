using Grpc.Core;

namespace Traceability.Node.Exchange.Transport;

/// <summary>Makes each call on the connection that there is then.</summary>
/// <param name="current">The connection; the same object as long as nothing was renewed.</param>
/// <param name="open">Makes calls on one.</param>
internal sealed class RenewedInvoker<T>(Func<T> current, Func<T, CallInvoker> open) : CallInvoker
    where T : class
{
    private volatile Opened? _opened;

    private CallInvoker Invoker
    {
        get
        {
            var connection = current();
            var opened = _opened;
            if (opened is null || opened.Connection != connection)
            {
                _opened = opened = new(connection, open(connection));
            }

            return opened.Invoker;
        }
    }

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        Invoker.BlockingUnaryCall(method, host, options, request);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        Invoker.AsyncUnaryCall(method, host, options, request);

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        Invoker.AsyncServerStreamingCall(method, host, options, request);

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        Invoker.AsyncClientStreamingCall(method, host, options);

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        Invoker.AsyncDuplexStreamingCall(method, host, options);

    private sealed record Opened(T Connection, CallInvoker Invoker);
}
