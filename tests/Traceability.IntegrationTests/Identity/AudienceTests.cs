using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>Every server takes only the tokens that are for itself.</summary>
public class AudienceTests(Federation federation) : IClassFixture<Federation>
{
    private LocalFederation Processes => federation.Processes;

    [Fact]
    public async Task A_token_for_one_node_is_refused_by_another_and_by_the_broker()
    {
        var token = await TokenAsync(Processes.AuditClient(Story.A), Processes.Node(Story.A));

        // Let in, if not with this role to everything.
        Assert.Equal("ROLE_MISSING", await PartsAsync(Processes.Node(Story.A), token));
        Assert.Equal("UNAUTHENTICATED the token is for another audience", await PartsAsync(Processes.Node(Story.B), token));
        Assert.Equal("UNAUTHENTICATED the token is for another audience", await OperatorsAsync(Processes.Broker, token));
    }

    [Fact]
    public async Task A_token_for_the_broker_is_refused_by_every_node()
    {
        var token = await TokenAsync(Processes.NodeClient(Story.A), Processes.Broker);

        Assert.Equal("answered", await OperatorsAsync(Processes.Broker, token));
        foreach (var company in Story.Companies)
        {
            Assert.Equal(
                "UNAUTHENTICATED the token is for another audience", await PartsAsync(Processes.Node(company), token));
        }
    }

    private Task<string> TokenAsync(Company client, string resource) =>
        FederationClient.TokenAsync(Processes, client, resource, federation.Deadline);

    private Task<string> PartsAsync(string server, string token) => AnswerAsync(
        server, token, client => new PartService.PartServiceClient(client.Channel).ListPartsAsync(new(), client.Call).ResponseAsync);

    private Task<string> OperatorsAsync(string server, string token) => AnswerAsync(
        server,
        token,
        client => new DirectoryService.DirectoryServiceClient(client.Channel)
            .ListOperatorsAsync(new(), client.Call).ResponseAsync);

    private async Task<string> AnswerAsync(string server, string token, Func<FederationClient, Task> call)
    {
        using var client = FederationClient.Connect(
            Processes, server, token, Processes.CertificateOf(Processes.Company(Story.A).OperatorId));
        try
        {
            await call(client);
            return "answered";
        }
        catch (RpcException refused)
        {
            var info = Refusals.Info(refused);
            return info.Metadata.TryGetValue("problem", out var problem) ? $"{info.Reason} {problem}" : info.Reason;
        }
    }
}
