using System.Globalization;
using Google.Protobuf;
using Grpc.Core;

namespace Traceability.StandinTests.Grpc;

/// <summary>See echo.proto.</summary>
internal sealed class EchoServer(EchoCounts counts) : Echo.EchoBase
{
    public override async Task<Message> Say(Message request, ServerCallContext context)
    {
        RefuseIfAsked(request.Text, context);
        switch (request.Text)
        {
            case "wait":
                await context.WriteResponseHeadersAsync(new Metadata { { "x-head", "waiting" } });
                await WaitAsync(context.CancellationToken);
                return request;
            case "cancelled":
                return new Message { Number = counts.Cancelled };
            case "metadata":
                await context.WriteResponseHeadersAsync(new Metadata { { "x-head", "head" } });
                context.ResponseTrailers.Add("x-trail", "trail");
                var raw = Convert.ToHexStringLower(context.RequestHeaders.GetValueBytes("x-raw-bin")!);
                return new Message { Text = $"{context.RequestHeaders.GetValue("x-text")} {raw}" };
            default:
                return new Message(request) { Number = request.Number + 1 };
        }
    }

    public override async Task Count(
        Message request, IServerStreamWriter<Message> responseStream, ServerCallContext context)
    {
        foreach (var number in Enumerable.Range(0, request.Number))
        {
            await responseStream.WriteAsync(new Message { Number = number }, context.CancellationToken);
        }

        RefuseIfAsked(request.Text, context);
    }

    public override async Task<Message> Add(IAsyncStreamReader<Message> requestStream, ServerCallContext context)
    {
        var sum = 0;
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
        {
            sum += message.Number;
        }

        return new Message { Number = sum };
    }

    public override async Task Double(
        IAsyncStreamReader<Message> requestStream,
        IServerStreamWriter<Message> responseStream,
        ServerCallContext context)
    {
        await foreach (var message in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new Message { Number = message.Number * 2 }, context.CancellationToken);
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource();
        await using var registration = cancellationToken.Register(cancelled.SetResult);
        await cancelled.Task;
        counts.CountCancelled();
    }

    private static void RefuseIfAsked(string text, ServerCallContext context)
    {
        if (text.Split(':', 3) is not ["refuse", var code, var detail])
        {
            return;
        }

        context.ResponseTrailers.Add("x-why", "policy");
        var status = new Status((StatusCode)int.Parse(code, CultureInfo.InvariantCulture), detail);
        throw new RpcException(status, new Metadata
        {
            { "x-raw-bin", [0, 1, 254, 255] },
            { "grpc-status-details-bin", ByteString.CopyFrom(8, 7).ToByteArray() },
        });
    }
}

/// <summary>What is remembered from call to call.</summary>
internal sealed class EchoCounts
{
    private int _cancelled;

    public int Cancelled => _cancelled;

    public void CountCancelled() => Interlocked.Increment(ref _cancelled);
}
