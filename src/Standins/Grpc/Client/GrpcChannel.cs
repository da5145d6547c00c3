using System.Collections.Concurrent;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Settings of a channel.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>What most peers accept.</summary>
    private const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    public HttpMessageHandler? HttpHandler { get; set; }

    public bool DisposeHttpClient { get; set; }

    /// <summary>In bytes; null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveMessageSize;

    /// <summary>In bytes; null for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    public ChannelCredentials? Credentials { get; set; }

    /// <summary>Whether call credentials may travel without TLS.</summary>
    public bool UnsafeUseInsecureChannelCallCredentials { get; set; }

    /// <summary>Cancellation and deadlines become OperationCanceledException instead of RpcException.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }
}

/// <summary>Calls to one address over HTTP/2. Made once and shared.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly ConcurrentDictionary<string, Uri> _methods = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _disposed = new();
    private readonly Uri _address;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        if (options.Credentials is { IsSecure: false } && address.Scheme == Uri.UriSchemeHttps)
        {
            throw new InvalidOperationException(
                $"Channel is configured with insecure channel credentials and can't use a HttpClient with a '{address.Scheme}' scheme.");
        }

        _address = address;
        Options = options;
        Http = new HttpMessageInvoker(
            options.HttpHandler ?? new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
            options.HttpHandler is null || options.DisposeHttpClient);
    }

    internal GrpcChannelOptions Options { get; }

    internal HttpMessageInvoker Http { get; }

    internal bool SendsCallCredentials =>
        _address.Scheme == Uri.UriSchemeHttps || Options.UnsafeUseInsecureChannelCallCredentials;

    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) =>
        ForAddress(new Uri(address), channelOptions);

    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions) => new(address, channelOptions);

    public override CallInvoker CreateCallInvoker()
    {
        ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
        return new HttpCallInvoker(this);
    }

    /// <summary>Cancels what is still running.</summary>
    public void Dispose()
    {
        if (_disposed.IsCancellationRequested)
        {
            return;
        }

        _disposed.Cancel();
        Http.Dispose();
    }

    internal Uri AddressOf(string method)
    {
        ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
        return _methods.GetOrAdd(method, static (name, address) => new Uri(address, name), _address);
    }

    internal CancellationToken DisposedToken => _disposed.Token;
}
