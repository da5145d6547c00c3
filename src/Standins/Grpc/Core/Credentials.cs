namespace Grpc.Core;

/// <summary>Where a call goes, for those who make its credentials.</summary>
public class AuthInterceptorContext(string serviceUrl, string methodName, CancellationToken cancellationToken)
{
    public string ServiceUrl { get; } = serviceUrl;

    public string MethodName { get; } = methodName;

    public CancellationToken CancellationToken { get; } = cancellationToken;
}

/// <summary>Adds credentials to the headers of a call.</summary>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);

/// <summary>Credentials of a call, such as a token.</summary>
public sealed class CallCredentials
{
    private CallCredentials(AsyncAuthInterceptor interceptor) => Interceptor = interceptor;

    internal AsyncAuthInterceptor Interceptor { get; }

    public static CallCredentials FromInterceptor(AsyncAuthInterceptor interceptor) => new(interceptor);
}

/// <summary>Credentials of a channel. TLS itself is set on the HTTP handler.</summary>
public sealed class ChannelCredentials
{
    private ChannelCredentials(bool secure, CallCredentials? callCredentials) =>
        (IsSecure, CallCredentials) = (secure, callCredentials);

    public static ChannelCredentials Insecure { get; } = new(false, null);

    public static ChannelCredentials SecureSsl { get; } = new(true, null);

    internal bool IsSecure { get; }

    internal CallCredentials? CallCredentials { get; }

    public static ChannelCredentials Create(
        ChannelCredentials channelCredentials, CallCredentials callCredentials) =>
        new(channelCredentials.IsSecure, callCredentials);
}
