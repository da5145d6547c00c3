using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>One call over HTTP/2, of any kind, and the reader of its responses.</summary>
internal sealed class HttpCall<TRequest, TResponse> : IAsyncStreamReader<TResponse>, IDisposable
    where TRequest : class
    where TResponse : class
{
    /// <summary>Timers cannot wait longer; a deadline further away is none.</summary>
    private static readonly TimeSpan MaxTimer = TimeSpan.FromDays(24);

    private readonly GrpcChannel _channel;
    private readonly CallOptions _options;
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _cancellation;
    private readonly Lock _ending = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<HttpResponseMessage>? _sending;
    private HttpResponseMessage? _response;
    private PipeReader? _body;
    private Status? _status;
    private Metadata _trailers = [];
    private volatile bool _reading;

    public HttpCall(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    {
        if (options.Deadline is { } deadline && deadline.Kind != DateTimeKind.Utc && deadline != DateTime.MaxValue)
        {
            throw new InvalidOperationException("Deadline must have a kind DateTimeKind.Utc or be equal to DateTime.MaxValue or DateTime.MinValue.");
        }

        (_channel, Method, _options) = (channel, method, options);
        _deadline = new CancellationTokenSource();
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            options.CancellationToken, _deadline.Token, channel.DisposedToken);
        Token = _cancellation.Token;
        SetTimer();
    }

    public TResponse Current { get; private set; } = null!;

    public Method<TRequest, TResponse> Method { get; }

    public int? MaxSendMessageSize => _channel.Options.MaxSendMessageSize;

    public CancellationToken Token { get; }

    public Task<Metadata> ResponseHeaders => _headers.Task;

    /// <summary>Completes, never fails, when the status is known.</summary>
    public Task Ended => _ended.Task;

    private TimeSpan? TimeLeft => _options.Deadline is { } deadline && deadline != DateTime.MaxValue
        ? deadline - DateTime.UtcNow
        : null;

    public Status GetStatus() =>
        _status ?? throw new InvalidOperationException("Unable to get the status because the call is not complete.");

    public Metadata GetTrailers() => _status is null
        ? throw new InvalidOperationException("Can't get the call trailers because the call has not completed successfully.")
        : _trailers;

    public void ThrowIfFailed()
    {
        if (_status is { StatusCode: not StatusCode.OK } status)
        {
            throw ToException(status);
        }
    }

    public HttpContent Content(TRequest request)
    {
        var frame = new ArrayBufferWriter<byte>(256);
        try
        {
            MessageFrame.Write(Method.RequestMarshaller, request, frame, MaxSendMessageSize);
        }
        catch (RpcException exception)
        {
            End(exception.Status, []);
        }

        return new SingleRequest(frame.WrittenMemory);
    }

    public void Start(HttpContent content)
    {
        var address = _channel.AddressOf(Method.FullName);
        _sending = SendAsync(address, content);
    }

    /// <summary>Sends, and waits for the one response.</summary>
    public async Task<TResponse> SingleAsync(HttpContent content)
    {
        try
        {
            Start(content);
            if (!await MoveNext(CancellationToken.None).ConfigureAwait(false))
            {
                throw Fail(new Status(StatusCode.Internal, "Failed to deserialize response message."));
            }

            var single = Current;
            return await MoveNext(CancellationToken.None).ConfigureAwait(false)
                ? throw Fail(new Status(StatusCode.Internal, "The server sent more than one response."))
                : single;
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>
    /// After a request could not be written: throws what the server said when it ended the call. Who reads the
    /// responses finds it there; where nobody reads, only the headers can be looked at.
    /// </summary>
    public async Task ThrowEndAsync(CancellationToken cancellationToken)
    {
        if (!_reading && !_ended.Task.IsCompleted)
        {
            try
            {
                var response = await _sending!.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (!response.Headers.Contains(Headers.Status))
                {
                    return;
                }

                EndWith(response.Headers);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                throw Fail(Broken(exception));
            }
        }

        await Ended.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfFailed();
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (_status is { } known)
        {
            return known.StatusCode == StatusCode.OK ? false : throw ToException(known);
        }

        _reading = true;
        try
        {
            // Most callers bring no token of their own: no second source is needed for them.
            using var both = cancellationToken.CanBeCanceled
                ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Token)
                : null;
            return await ReadAsync(both?.Token ?? Token).ConfigureAwait(false);
        }
        catch (RpcException exception) when (_status is null)
        {
            throw Fail(exception.Status);
        }
        catch (OperationCanceledException)
        {
            throw Fail(Cancelled());
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or ObjectDisposedException)
        {
            throw Fail(Broken(exception));
        }
        finally
        {
            _reading = false;
        }
    }

    public void Dispose()
    {
        End(Status.DefaultCancelled, []);
        _response?.Dispose();
    }

    private void SetTimer()
    {
        if (TimeLeft is not { } left)
        {
            return;
        }

        if (left <= TimeSpan.Zero)
        {
            _deadline.Cancel();
        }
        else if (left < MaxTimer)
        {
            _deadline.CancelAfter(left);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, HttpContent content)
    {
        ThrowIfFailed();
        var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "grpc-dotnet-standin");
        Token.ThrowIfCancellationRequested();
        if (TimeLeft is { } left)
        {
            request.Headers.TryAddWithoutValidation(Headers.Timeout, Headers.EncodeTimeout(left));
        }

        foreach (var entry in await MetadataAsync(address).ConfigureAwait(false))
        {
            request.Headers.TryAddWithoutValidation(entry.Key, entry.Wire);
        }

        return await _channel.Http.SendAsync(request, Token).ConfigureAwait(false);
    }

    private async ValueTask<Metadata> MetadataAsync(Uri address)
    {
        CallCredentials?[] credentials = _channel.SendsCallCredentials
            ? [_channel.Options.Credentials?.CallCredentials, _options.Credentials]
            : [];
        var metadata = _options.Headers ?? [];
        if (credentials.All(one => one is null))
        {
            return metadata;
        }

        Metadata sent = [.. metadata];
        var service = new Uri(address, $"/{Method.ServiceName}");
        foreach (var one in credentials.OfType<CallCredentials>())
        {
            var context = new AuthInterceptorContext(service.ToString(), Method.Name, Token);
            await one.Interceptor(context, sent).ConfigureAwait(false);
        }

        return sent;
    }

    private async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        if (_body is null && !await OpenAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var (found, message) = await MessageFrame
            .ReadAsync(Method.ResponseMarshaller, _body!, _channel.Options.MaxReceiveMessageSize, cancellationToken)
            .ConfigureAwait(false);
        if (found)
        {
            Current = message;
            return true;
        }

        return EndWith(_response!.TrailingHeaders);
    }

    /// <summary>Waits for the headers; false if they were all there is and the status is OK.</summary>
    private async Task<bool> OpenAsync(CancellationToken cancellationToken)
    {
        _response = await _sending!.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_response.StatusCode != HttpStatusCode.OK)
        {
            var text = $"Bad gRPC response. HTTP status code: {(int)_response.StatusCode}";
            throw Fail(new Status(CodeOf(_response.StatusCode), text));
        }

        _headers.TrySetResult(Headers.ToMetadata(_response.Headers));
        if (_response.Headers.Contains(Headers.Status))
        {
            return EndWith(_response.Headers);
        }

        _body = PipeReader.Create(await _response.Content.ReadAsStreamAsync(Token).ConfigureAwait(false));
        return true;
    }

    private bool EndWith(System.Net.Http.Headers.HttpResponseHeaders trailers)
    {
        End(StatusOf(trailers), Headers.ToMetadata(trailers));
        ThrowIfFailed();
        return false;
    }

    private static Status StatusOf(System.Net.Http.Headers.HttpResponseHeaders trailers)
    {
        if (!trailers.TryGetValues(Headers.Status, out var values) || !int.TryParse(values.First(), out var code))
        {
            return new Status(StatusCode.Cancelled, "No grpc-status found on response.");
        }

        var text = trailers.TryGetValues(Headers.Message, out var texts) ? Headers.DecodeMessage(texts.First()) : "";
        return new Status((StatusCode)code, text);
    }

    private static StatusCode CodeOf(HttpStatusCode code) => code switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    private Status Cancelled() => _deadline.IsCancellationRequested
        ? new Status(StatusCode.DeadlineExceeded, "")
        : new Status(StatusCode.Cancelled, "Call canceled by the client.");

    private Status Broken(Exception exception)
    {
        if (Token.IsCancellationRequested)
        {
            return Cancelled();
        }

        if (exception.GetBaseException() is HttpProtocolException { ErrorCode: 8 })
        {
            // The peer reset the stream with CANCEL: its deadline may have fired before ours.
            return TimeLeft <= TimeSpan.Zero ? new(StatusCode.DeadlineExceeded, "") : new(StatusCode.Cancelled, "");
        }

        var code = exception is HttpRequestException { HttpRequestError: HttpRequestError.HttpProtocolError }
            ? StatusCode.Internal
            : StatusCode.Unavailable;
        var cause = exception.InnerException ?? exception;
        return new Status(code, $"Error starting gRPC call. {exception.Message}", cause);
    }

    private Exception Fail(Status status)
    {
        End(status, []);
        return ToException(GetStatus());
    }

    private Exception ToException(Status status)
    {
        if (_channel.Options.ThrowOperationCanceledOnCancellation)
        {
            switch (status.StatusCode)
            {
                case StatusCode.Cancelled:
                    return new OperationCanceledException(status.Detail, _options.CancellationToken);
                case StatusCode.DeadlineExceeded:
                    return new TaskCanceledException("The deadline has passed.");
            }
        }

        return new RpcException(status, _trailers);
    }

    /// <summary>The first end counts.</summary>
    private void End(Status status, Metadata trailers)
    {
        lock (_ending)
        {
            if (_status is not null)
            {
                return;
            }

            (_status, _trailers) = (status, trailers);
        }

        if (status.StatusCode != StatusCode.OK)
        {
            // Resets the stream, so that the server hears of it at once.
            _cancellation.Cancel();
            _response?.Dispose();
        }

        // A timer that is left behind would hold the call until its deadline.
        _cancellation.Dispose();
        _deadline.Dispose();
        if (!_headers.Task.IsCompleted)
        {
            _headers.TrySetException(ToException(status));
            _ = _headers.Task.Exception;
        }

        _ended.TrySetResult();
    }
}
