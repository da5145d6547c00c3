namespace Grpc.Core;

/// <summary>Starts calls of the four kinds.</summary>
public abstract class CallInvoker
{
    public abstract TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class;

    public abstract AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class;
}

/// <summary>A connection to one target.</summary>
public abstract class ChannelBase(string target)
{
    public string Target { get; } = target;

    public abstract CallInvoker CreateCallInvoker();
}

/// <summary>What all generated clients share.</summary>
public abstract class ClientBase
{
    protected internal class ClientBaseConfiguration(CallInvoker invoker, string? host)
    {
        internal CallInvoker Invoker { get; } = invoker;

        internal string? Host { get; } = host;
    }
}

/// <summary>What generated clients derive from.</summary>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    private readonly ClientBaseConfiguration? _configuration;

    protected ClientBase()
    {
    }

    protected ClientBase(ChannelBase channel)
        : this(channel.CreateCallInvoker())
    {
    }

    protected ClientBase(CallInvoker callInvoker) => _configuration = new(callInvoker, null);

    protected ClientBase(ClientBaseConfiguration configuration) => _configuration = configuration;

    protected CallInvoker CallInvoker => _configuration!.Invoker;

    public T WithHost(string host) => NewInstance(new(CallInvoker, host));

    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
