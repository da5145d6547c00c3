using Grpc.Core;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server;

/// <summary>The requests of a call.</summary>
internal sealed class RequestReader<T>(Marshaller<T> marshaller, HttpServerCallContext call) : IAsyncStreamReader<T>
{
    public T Current { get; private set; } = default!;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        var token = cancellationToken.CanBeCanceled ? cancellationToken : call.CancellationToken;
        (var found, Current) = await MessageFrame.ReadAsync(
            marshaller, call.Http.Request.BodyReader, call.Options.MaxReceiveMessageSize, token);
        return found;
    }
}

/// <summary>The responses of a call; each is sent at once.</summary>
internal sealed class ResponseWriter<T>(Marshaller<T> marshaller, HttpServerCallContext call) : IServerStreamWriter<T>
{
    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, call.CancellationToken);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        call.CancellationToken.ThrowIfCancellationRequested();
        var body = call.Http.Response.BodyWriter;
        MessageFrame.Write(marshaller, message, body, call.Options.MaxSendMessageSize);
        await body.FlushAsync(cancellationToken);
    }
}
