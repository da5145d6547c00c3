using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace Traceability.Hosting;

/// <summary>
/// What one address may take of a server before anybody knows who it is: connections, and calls without a good token.
/// Who is known is counted by its operator (<see cref="CallLimits"/>), and not here.
/// </summary>
internal sealed class AddressLimits(HostSettings settings) : IDisposable
{
    /// <summary>A start after a pause is forgiven.</summary>
    private const int BurstSeconds = 10;

    private readonly PartitionedRateLimiter<IPAddress?> _connections = PerNetwork(settings.ConnectionsPerSecond);
    private readonly PartitionedRateLimiter<IPAddress?> _calls = PerNetwork(settings.AnonymousCallsPerSecond);

    public bool TakesConnection(IPAddress? address) => Takes(_connections, address);

    public bool TakesCall(IPAddress? address) => Takes(_calls, address);

    public void Dispose()
    {
        _connections.Dispose();
        _calls.Dispose();
    }

    private static bool Takes(PartitionedRateLimiter<IPAddress?> limiter, IPAddress? address)
    {
        using var lease = limiter.AttemptAcquire(address);
        return lease.IsAcquired;
    }

    private static PartitionedRateLimiter<IPAddress?> PerNetwork(int perSecond) =>
        PartitionedRateLimiter.Create<IPAddress?, string>(address => RateLimitPartition.GetTokenBucketLimiter(
            Networks.Of(address),
            _ => new()
            {
                TokenLimit = perSecond * BurstSeconds,
                TokensPerPeriod = perSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
            }));
}

/// <summary>Where somebody comes from, as far as it can be told apart.</summary>
public static class Networks
{
    /// <summary>Of IPv6 everybody has as many addresses as there are below one network of 64 bits.</summary>
    private const int NetworkBytes = 8;

    public static string Of(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => $"{address.MapToIPv4()}",
        { AddressFamily: AddressFamily.InterNetworkV6 } => NetworkOf(address),
        _ => $"{address}",
    };

    private static string NetworkOf(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
