using Google.Protobuf;
using Grpc.Core;
using Xunit;

namespace Traceability.StandinTests.Grpc;

/// <summary>What a client sees of the echo service, whoever serves it.</summary>
internal static class EchoBehaviour
{
    public static DateTime Soon => TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(30);

    public static async Task HoldsAsync(Echo.EchoClient client)
    {
        await UnaryHoldsAsync(client);
        await FailuresHoldAsync(client);
        await MetadataHoldAsync(client);
        await StreamsHoldAsync(client);
        await EndingsHoldAsync(client);
    }

    private static async Task UnaryHoldsAsync(Echo.EchoClient client)
    {
        var answer = await client.SayAsync(new Message { Text = "naïve ✓", Number = 41 }, deadline: Soon);
        Assert.Equal(("naïve ✓", 42), (answer.Text, answer.Number));

        var large = ByteString.CopyFrom(new byte[6 << 20]);
        Assert.Equal(large, (await client.SayAsync(new Message { Body = large }, deadline: Soon)).Body);

        var oversized = new Message { Body = ByteString.CopyFrom(new byte[9 << 20]) };
        Assert.Equal(StatusCode.ResourceExhausted, (await RefusedAsync(client.SayAsync(oversized))).StatusCode);
    }

    private static async Task FailuresHoldAsync(Echo.EchoClient client)
    {
        var refused = await RefusedAsync(client.SayAsync(new Message { Text = "refuse:7:not allowed ✗ 100%" }));
        Assert.Equal(new Status(StatusCode.PermissionDenied, "not allowed ✗ 100%"), refused.Status);
        Assert.Equal("policy", refused.Trailers.GetValue("x-why"));
        Assert.Equal([0, 1, 254, 255], refused.Trailers.GetValueBytes("x-raw-bin"));
        Assert.Equal([8, 7], refused.Trailers.GetValueBytes("grpc-status-details-bin"));

        var late = client.SayAsync(new Message { Text = "wait" }, deadline: Soon.AddSeconds(-29));
        Assert.Equal(StatusCode.DeadlineExceeded, (await RefusedAsync(late)).StatusCode);
    }

    private static async Task MetadataHoldAsync(Echo.EchoClient client)
    {
        var headers = new Metadata { { "x-text", "abc" }, { "x-raw-bin", [9, 8, 255] } };
        using var call = client.SayAsync(new Message { Text = "metadata" }, headers, Soon);

        Assert.Equal("abc 0908ff", (await call.ResponseAsync).Text);
        Assert.Equal("head", (await call.ResponseHeadersAsync).GetValue("x-head"));
        Assert.Equal("trail", call.GetTrailers().GetValue("x-trail"));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    private static async Task StreamsHoldAsync(Echo.EchoClient client)
    {
        using var down = client.Count(new Message { Number = 1000 }, deadline: Soon);
        Assert.Equal(499_500, await SumAsync(down.ResponseStream));

        using var broken = client.Count(new Message { Number = 10, Text = "refuse:9:half way" }, deadline: Soon);
        var seen = 0;
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var _ in broken.ResponseStream.ReadAllAsync())
            {
                seen++;
            }
        });
        Assert.Equal((10, StatusCode.FailedPrecondition), (seen, refused.StatusCode));

        using var up = client.Add(deadline: Soon);
        foreach (var number in Enumerable.Range(0, 1000))
        {
            await up.RequestStream.WriteAsync(new Message { Number = number });
        }

        await up.RequestStream.CompleteAsync();
        Assert.Equal(499_500, (await up.ResponseAsync).Number);

        using var both = client.Double(deadline: Soon);
        foreach (var number in Enumerable.Range(0, 200))
        {
            await both.RequestStream.WriteAsync(new Message { Number = number });
            Assert.True(await both.ResponseStream.MoveNext(default));
            Assert.Equal(number * 2, both.ResponseStream.Current.Number);
        }

        await both.RequestStream.CompleteAsync();
        Assert.False(await both.ResponseStream.MoveNext(default));
    }

    private static async Task EndingsHoldAsync(Echo.EchoClient client)
    {
        using var cancel = new CancellationTokenSource();
        using var call = client.SayAsync(new Message { Text = "wait" }, null, Soon, cancel.Token);
        Assert.Equal("waiting", (await call.ResponseHeadersAsync).GetValue("x-head"));
        await cancel.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await RefusedAsync(call)).StatusCode);

        // The one that was too late, and this one.
        var soon = Soon;
        while ((await client.SayAsync(new Message { Text = "cancelled" }, deadline: soon)).Number < 2)
        {
            await Task.Yield();
        }
    }

    private static async Task<int> SumAsync(IAsyncStreamReader<Message> stream)
    {
        var sum = 0;
        await foreach (var message in stream.ReadAllAsync())
        {
            sum += message.Number;
        }

        return sum;
    }

    private static Task<RpcException> RefusedAsync(AsyncUnaryCall<Message> call) =>
        Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
}
