using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>The body of a call with one request.</summary>
internal sealed class SingleRequest : HttpContent
{
    private readonly ReadOnlyMemory<byte> _frame;

    public SingleRequest(ReadOnlyMemory<byte> frame)
    {
        _frame = frame;
        Headers.ContentType = new MediaTypeHeaderValue(Wire.Headers.ContentType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        stream.WriteAsync(_frame).AsTask();

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_frame, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        // gRPC requests carry no content-length.
        length = 0;
        return false;
    }
}

/// <summary>The body of a call with many requests: open until the caller completes it or the call ends.</summary>
internal sealed class RequestStream<TRequest, TResponse> : HttpContent, IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    private readonly HttpCall<TRequest, TResponse> _call;
    private readonly ArrayBufferWriter<byte> _frame = new();
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _completing;

    public RequestStream(HttpCall<TRequest, TResponse> call)
    {
        _call = call;
        Headers.ContentType = new MediaTypeHeaderValue(Wire.Headers.ContentType);
        _ = ReleaseAsync();
    }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        if (_completing)
        {
            throw new InvalidOperationException("Can't write the message because the client stream writer is complete.");
        }

        _call.ThrowIfFailed();
        try
        {
            var stream = await _opened.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            _frame.ResetWrittenCount();
            MessageFrame.Write(_call.Method.RequestMarshaller, message, _frame, _call.MaxSendMessageSize);
            await stream.WriteAsync(_frame.WrittenMemory, cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The server has ended the call: what it said is the better answer.
            await _call.ThrowEndAsync(cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    public Task CompleteAsync()
    {
        _completing = true;
        _completed.TrySetResult();
        return Task.CompletedTask;
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // Sends the headers, so that the server can begin before there is a message.
        await stream.FlushAsync(_call.Token).ConfigureAwait(false);
        _opened.TrySetResult(stream);
        await _completed.Task.ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task ReleaseAsync()
    {
        await _call.Ended.ConfigureAwait(false);
        _opened.TrySetException(new OperationCanceledException("The call has ended."));
        _ = _opened.Task.Exception;
        _completed.TrySetResult();
    }
}
