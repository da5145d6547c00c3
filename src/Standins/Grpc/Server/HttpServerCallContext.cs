using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server;

/// <summary>A call as it arrived over HTTP/2.</summary>
internal sealed class HttpServerCallContext : ServerCallContext, IDisposable
{
    /// <summary>Timers cannot wait longer; a deadline further away is none.</summary>
    private static readonly TimeSpan MaxTimer = TimeSpan.FromDays(24);

    private readonly CancellationTokenSource? _timer;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Dictionary<object, object>? _userState;

    public HttpServerCallContext(HttpContext http, IMethod method, GrpcServiceOptions options)
    {
        (Http, Method, Options) = (http, method, options);
        DeadlineCore = DateTime.MaxValue;
        if (Wire.Headers.DecodeTimeout(http.Request.Headers[Wire.Headers.Timeout]) is { } timeout && timeout < MaxTimer)
        {
            DeadlineCore = DateTime.UtcNow + timeout;
            _timer = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
            _timer.CancelAfter(timeout);
        }
    }

    public HttpContext Http { get; }

    public GrpcServiceOptions Options { get; }

    public bool DeadlineExceeded =>
        _timer is { IsCancellationRequested: true } && !Http.RequestAborted.IsCancellationRequested;

    private new IMethod Method { get; }

    protected override string MethodCore => Method.FullName;

    protected override string HostCore => Http.Request.Host.Value ?? "";

    protected override string PeerCore => Http.Connection.RemoteIpAddress switch
    {
        null => "unknown",
        { AddressFamily: AddressFamily.InterNetworkV6 } address => $"ipv6:[{address}]:{Http.Connection.RemotePort}",
        var address => $"ipv4:{address}:{Http.Connection.RemotePort}",
    };

    protected override DateTime DeadlineCore { get; }

    protected override CancellationToken CancellationTokenCore => _timer?.Token ?? Http.RequestAborted;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= Wire.Headers.ToMetadata(
        Http.Request.Headers.Select(header => new KeyValuePair<string, IEnumerable<string>>(
            header.Key, [header.Value.ToString()])));

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override IDictionary<object, object> UserStateCore => _userState ??= [];

    public void Dispose() => _timer?.Dispose();

    /// <summary>Says how the call ended: in one block if nothing was sent before, else in trailers.</summary>
    public void WriteStatus(Status status)
    {
        var oneBlock = !Http.Response.HasStarted && status.StatusCode != StatusCode.OK;
        var to = oneBlock
            ? Http.Response.Headers
            : Http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        foreach (var entry in _responseTrailers ?? [])
        {
            to.Append(entry.Key, entry.Wire);
        }

        to[Wire.Headers.Status] = ((int)status.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (status.Detail.Length > 0)
        {
            to[Wire.Headers.Message] = Wire.Headers.EncodeMessage(status.Detail);
        }
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        foreach (var entry in responseHeaders)
        {
            Http.Response.Headers.Append(entry.Key, entry.Wire);
        }

        return Http.Response.BodyWriter.FlushAsync(CancellationToken).AsTask();
    }
}
