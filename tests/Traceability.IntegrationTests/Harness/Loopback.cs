using System.Net;
using System.Net.Sockets;

namespace Traceability.IntegrationTests.Harness;

/// <summary>Addresses of this machine from which strangers can come, each with a name of its own.</summary>
internal static class Loopback
{
    private static int _given;

    /// <summary>An address from which nobody has come before.</summary>
    public static IPAddress Fresh()
    {
        var number = Interlocked.Increment(ref _given);
        return new([127, 1, (byte)(number >> 8), (byte)number]);
    }

    /// <summary>Connects from one address.</summary>
    public static SocketsHttpHandler From(this SocketsHttpHandler handler, IPAddress address)
    {
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(address, 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return handler;
    }
}
