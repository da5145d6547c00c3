using Grpc.Core;

namespace Traceability.Hosting;

/// <summary>
/// Streams whose other side may stop reading or writing without hanging up: what it holds here is freed after a while.
/// </summary>
public static class Patience
{
    /// <summary>A message is some kilobytes; who needs longer for it has gone, or means harm.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public static async Task SendAsync<T>(this IServerStreamWriter<T> stream, T message, ServerCallContext call)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        patience.CancelAfter(Longest);
        try
        {
            await stream.WriteAsync(message, patience.Token);
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "The stream is read too slowly."));
        }
    }

    public static async Task<bool> NextAsync<T>(this IAsyncStreamReader<T> stream, ServerCallContext call)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        patience.CancelAfter(Longest);
        try
        {
            return await stream.MoveNext(patience.Token);
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "The stream is written too slowly."));
        }
    }
}
