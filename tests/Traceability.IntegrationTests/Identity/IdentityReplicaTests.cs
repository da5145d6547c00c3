using System.Net;
using Traceability.IntegrationTests.Harness;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>Two brokers are one provider: whatever one has begun the other goes on with.</summary>
public sealed class IdentityReplicaTests : IAsyncLifetime
{
    private const string Password = "four calm words here";

    private LiveFederation _live = null!;

    public async Task InitializeAsync() => _live = await LiveFederation.StartAsync([new("A", "A")]);

    [Fact]
    public async Task What_one_replica_has_begun_the_other_goes_on_with()
    {
        var processes = _live.Processes;
        var replica = await processes.StartReplicaAsync(_live.Deadline);
        using var provider = await Provider.FindAsync(processes.Broker, processes, _live.Deadline);
        using var other = await Provider.FindAsync(replica, processes, _live.Deadline);
        using var administrator = await Administrator.StartAsync(processes, _live.Deadline);
        var pages = await administrator.PagesAsync(processes.Node("A"));
        var invited = await administrator.InviteAsync(processes.Company("A"), "clerk", processes.Node("A"));
        using var browser = new Browser(processes, _live.Deadline);
        var (path, verifier) = provider.Authorization(pages.Id, processes.Node("A"));

        // Both speak for the same issuer, and neither for itself.
        Assert.Equal(provider.Document.ToString(), other.Document.ToString());
        Assert.Equal(await provider.KeyIdsAsync(), await other.KeyIdsAsync());

        // The form of one, sent to the other; the session of one, used at the other; the code of one, redeemed elsewhere.
        await browser.GetAsync("/identity/first-password");
        browser.Origin = replica;
        await browser.SubmitAsync(new()
        {
            ["name"] = invited.User.Name,
            ["code"] = invited.OneTimeCode,
            ["password"] = Password,
            ["again"] = Password,
        });
        Assert.Equal("/identity/passkeys", $"{browser.Location}");
        browser.Origin = processes.Broker;
        await browser.GetAsync(path);
        var code = browser.Answer()["code"];
        var (status, answer) = await provider.RedeemAsync(pages, code, verifier);
        Assert.Equal(HttpStatusCode.OK, status);
        await processes.StopAsync("broker");
        await processes.StartBrokerAsync(_live.Deadline);
        var (refreshed, _) = await provider.RefreshAsync(pages, answer.GetProperty("refresh_token").GetString()!);
        Assert.Equal(HttpStatusCode.OK, refreshed);
    }

    public async Task DisposeAsync() => await _live.DisposeAsync();
}
