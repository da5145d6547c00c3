using System.Net;
using Traceability.Hosting;
using Xunit;

namespace Traceability.UnitTests.Hosting;

public sealed class AddressLimitsTests : IDisposable
{
    private readonly AddressLimits _limits = new(new()
    {
        Certificate = "",
        CertificateKey = "",
        CertificateAuthority = "",
        AnonymousCallsPerSecond = 10,
        ConnectionsPerSecond = 5,
    });

    [Fact]
    public void One_address_uses_up_its_own_and_no_other()
    {
        var (loud, quiet) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"));

        Assert.InRange(Enumerable.Range(0, 10_000).Count(_ => _limits.TakesCall(loud)), 100, 150);
        Assert.InRange(Enumerable.Range(0, 10_000).Count(_ => _limits.TakesConnection(loud)), 50, 75);
        Assert.True(_limits.TakesCall(quiet));
        Assert.True(_limits.TakesConnection(quiet));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:3::1", "2001:db8:1:3::/64")]
    public void Whoever_has_a_network_has_one_address(string address, string network) =>
        Assert.Equal(network, Networks.Of(IPAddress.Parse(address)));

    public void Dispose() => _limits.Dispose();
}
