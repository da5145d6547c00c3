using Grpc.Core;
using Microsoft.IdentityModel.JsonWebTokens;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>Keys rotate by themselves, and nobody who has a good token notices.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private LiveFederation _live = null!;

    public async Task InitializeAsync()
    {
        _live = await LiveFederation.StartAsync(
            [new("A", "A")],
            new(Identity: new Dictionary<string, string>
            {
                ["KeyLifetime"] = "00:00:06",
                ["KeyNotice"] = "00:00:03",
                ["AccessTokenLifetime"] = "00:00:10",
            }));
        await _live.EnrolAsync();
    }

    [Fact]
    public async Task Tokens_of_before_and_after_a_rotation_are_good_and_an_old_key_goes_when_nothing_depends_on_it()
    {
        var replica = await _live.Processes.StartReplicaAsync(_live.Deadline);
        using var provider = await Provider.FindAsync(_live.Processes.Broker, _live.Processes, _live.Deadline);
        using var other = await Provider.FindAsync(replica, _live.Processes, _live.Deadline);
        var first = await TokenAsync(provider);
        var refused = new List<string>();
        var seen = new HashSet<string> { first.Kid };

        // Three keys later; every token works in the second in which it was made, and until it ends.
        var kept = first;
        var keptIsGood = true;
        await Wait.UntilAsync(
            async () =>
            {
                foreach (var asked in new[] { provider, other })
                {
                    var token = await TokenAsync(asked);
                    seen.Add(token.Kid);
                    if (await AnswerAsync(token) is var answer and not "answered")
                    {
                        refused.Add($"{token.Kid}: {answer}");
                    }
                }

                if (TimeProvider.System.GetUtcNow() < kept.ValidTo)
                {
                    keptIsGood &= await AnswerAsync(kept) == "answered";
                }

                return seen.Count > 3;
            },
            _live.Deadline);

        Assert.Empty(refused);
        Assert.True(keptIsGood);
        Assert.Equal(
            (await provider.KeyIdsAsync()).Order(StringComparer.Ordinal),
            (await other.KeyIdsAsync()).Order(StringComparer.Ordinal));
        await Wait.UntilAsync(async () => !(await provider.KeyIdsAsync()).Contains(first.Kid), _live.Deadline);
        Assert.True(TimeProvider.System.GetUtcNow() > first.ValidTo.AddSeconds(30));
    }

    public async Task DisposeAsync() => await _live.DisposeAsync();

    /// <summary>Not from a cache.</summary>
    private async Task<JsonWebToken> TokenAsync(Provider provider)
    {
        var (_, answer) = await provider.ClientCredentialsAsync(
            _live.Processes.Company("A"), _live.Processes.Node("A"));
        return new(answer.GetProperty("access_token").GetString());
    }

    private async Task<string> AnswerAsync(JsonWebToken token)
    {
        using var client = FederationClient.Connect(
            _live.Processes, _live.Processes.Node("A"), token.EncodedToken,
            _live.Processes.CertificateOf(_live.Processes.Company("A").OperatorId));
        try
        {
            await new PartService.PartServiceClient(client.Channel).ListPartsAsync(new(), client.Call);
            return "answered";
        }
        catch (RpcException exception)
        {
            return exception.Status.Detail;
        }
    }
}
