using System.Net;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>A broker that is no provider: it takes the tokens of the one that Host:Issuer names.</summary>
public sealed class OtherProviderTests : IAsyncLifetime
{
    private LiveFederation _live = null!;

    public async Task InitializeAsync() => _live = await LiveFederation.StartAsync([new("A", "A")]);

    [Fact]
    public async Task Without_the_embedded_one_a_broker_finds_the_keys_of_another_and_offers_nothing_of_its_own()
    {
        var processes = _live.Processes;
        var other = await processes.StartReplicaAsync(
            _live.Deadline,
            new Dictionary<string, string>
            {
                ["Embedded"] = "false",
                ["SecretFile"] = "",
                ["AdministratorFile"] = "",
            });
        var token = await FederationClient.TokenAsync(
            processes, processes.Administrator, processes.Broker, _live.Deadline);
        using var client = FederationClient.Connect(processes, other, token, processes.AdministratorCertificate);

        await new DirectoryService.DirectoryServiceClient(client.Channel).ListOperatorsAsync(new(), client.Call);

        var missing = await Assert.ThrowsAsync<RpcException>(
            () => new IdentityService.IdentityServiceClient(client.Channel).ListClientsAsync(new(), client.Call)
                .ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, missing.StatusCode);
        using var http = FederationClient.Http(processes);
        foreach (var path in new[] { "/.well-known/openid-configuration", "/identity/sign-in" })
        {
            using var answer = await http.GetAsync(new Uri($"{other}{path}"), _live.Deadline);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    public async Task DisposeAsync() => await _live.DisposeAsync();
}
