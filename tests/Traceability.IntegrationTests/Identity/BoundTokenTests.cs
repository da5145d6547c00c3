using System.Net;
using System.Text.Json;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>A program's token is worth something with the certificate of its operator, at one server, and nowhere else.</summary>
public class BoundTokenTests(Federation federation) : IClassFixture<Federation>
{
    private LocalFederation Processes => federation.Processes;

    [Fact]
    public async Task Of_all_pairs_of_token_certificate_and_server_only_the_right_ones_are_let_in_and_refusals_are_alike()
    {
        var tokens = await TokensAsync();
        List<string> wrong = [];
        List<string> letIn = [];
        foreach (var (shown, certificate) in Certificates())
        {
            foreach (var (server, address) in Servers())
            {
                // What anybody is told here who has the certificate, and no token.
                using var anonymous = FederationClient.Connect(Processes, address, "", certificate);
                var unknown = await AnswerAsync(anonymous, server, isAnonymous: true);
                Assert.StartsWith("Unauthenticated", unknown, StringComparison.Ordinal);
                var elsewhere = new HashSet<string>();
                foreach (var token in tokens)
                {
                    using var client = FederationClient.Connect(Processes, address, token.Value, certificate);
                    var answer = await AnswerAsync(client, server);
                    var pair = $"{token.Role} with the certificate of {shown} at {server}";
                    if (answer == "let in")
                    {
                        letIn.Add(pair);
                    }
                    else if (token.Server != address)
                    {
                        elsewhere.Add(answer);
                    }
                    else if (answer != unknown)
                    {
                        wrong.Add($"{pair}: {answer}");
                    }
                }

                Assert.StartsWith("Unauthenticated", Assert.Single(elsewhere), StringComparison.Ordinal);
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(
            [
                "clerk of A with the certificate of A at node A",
                "auditor of A with the certificate of A at node B",
                "node of A with the certificate of A at broker",
                "auditor of B with the certificate of B at node A",
                "clerk of B with the certificate of B at node B",
                "node of B with the certificate of B at broker",
                "administrator with the certificate of nobody at broker",
                "federation auditor with the certificate of nobody at broker",
            ],
            letIn);
    }

    [Fact]
    public async Task A_stolen_secret_gets_no_token_without_a_certificate_of_the_operator_and_does_not_show_to_be_right()
    {
        using var provider = await Provider.FindAsync(Processes.Broker, Processes, federation.Deadline);
        foreach (var (client, server) in new[]
        {
            (Processes.Company(Story.A), Processes.Node(Story.A)),
            (Processes.NodeClient(Story.A), Processes.Broker),
            (Processes.Administrator, Processes.Broker),
        })
        {
            var own = Processes.CertificateOf(client.OperatorId);
            foreach (var (shown, certificate) in Certificates().Where(one => one.Certificate != own && !IsAlso(one.Name, client)))
            {
                var right = await SayAsync(provider, client, certificate, server);
                var guessed = await SayAsync(
                    provider, client with { ClientSecret = new string('0', 64) }, certificate, server);
                // Where a client may not go is told to it alone.
                var elsewhere = await SayAsync(provider, client, certificate, "https://elsewhere.example.com");
                Assert.Equal((guessed, guessed), (right, elsewhere));
                Assert.StartsWith(
                    certificate is null ? "BadRequest invalid_request" : "Unauthorized invalid_client",
                    right,
                    StringComparison.Ordinal);
            }

            // And the certificate gets none without the secret.
            var (status, _) = await provider.ClientCredentialsAsync(
                client with { ClientSecret = new string('0', 64) }, own, server);
            Assert.Equal(HttpStatusCode.Unauthorized, status);
            Assert.StartsWith("OK", await SayAsync(provider, client, own, server), StringComparison.Ordinal);
        }
    }

    /// <summary>Others that speak for it are its own to choose from; a token is bound to the one that was shown.</summary>
    private static bool IsAlso(string certificate, Company client) =>
        certificate == (client.OperatorId == Guid.Empty ? "nobody, another" : $"{client.Name}, another");

    private static async Task<string> SayAsync(
        Provider provider, Company client, (string Certificate, string Key)? certificate, string server)
    {
        var (status, answer) = await provider.ClientCredentialsAsync(client, certificate, server);
        return answer.TryGetProperty("error", out var error) ? $"{status} {error} {Description(answer)}" : $"{status}";
    }

    private static string Description(JsonElement answer) =>
        answer.TryGetProperty("error_description", out var description) ? $"{description}" : "";

    private async Task<(string Role, string Value, string Server)[]> TokensAsync()
    {
        var (a, b, broker) = (Processes.Node(Story.A), Processes.Node(Story.B), Processes.Broker);
        (string Role, Company Client, string Server)[] clients =
        [
            ("clerk of A", Processes.Company(Story.A), a),
            ("clerk of B", Processes.Company(Story.B), b),
            ("auditor of A", Processes.AuditClient(Story.A), b),
            ("auditor of B", Processes.AuditClient(Story.B), a),
            ("node of A", Processes.NodeClient(Story.A), broker),
            ("node of B", Processes.NodeClient(Story.B), broker),
            ("administrator", Processes.Administrator, broker),
            ("federation auditor", Processes.Auditor, broker),
        ];
        return await Task.WhenAll(clients.Select(async one => (
            one.Role,
            await FederationClient.TokenAsync(Processes, one.Client, one.Server, federation.Deadline),
            one.Server)));
    }

    private IEnumerable<(string Name, (string Certificate, string Key)? Certificate)> Certificates() =>
    [
        ("none", null),
        ("A", Processes.CertificateOf(Processes.Company(Story.A).OperatorId)),
        ("A, another", Processes.NewCertificate(Processes.Company(Story.A).OperatorId)),
        ("B", Processes.CertificateOf(Processes.Company(Story.B).OperatorId)),
        ("nobody", Processes.CertificateOf(Guid.Empty)),
        ("nobody, another", Processes.NewCertificate(Guid.Empty)),
    ];

    private (string Name, string Address)[] Servers() =>
        [("node A", Processes.Node(Story.A)), ("node B", Processes.Node(Story.B)), ("broker", Processes.Broker)];

    private static async Task<string> AnswerAsync(FederationClient client, string server, bool isAnonymous = false)
    {
        var call = isAnonymous ? client.Call.WithHeaders([]) : client.Call;
        var answer = await Refusals.AnswerAsync(
            _ => server == "broker"
                ? new DirectoryService.DirectoryServiceClient(client.Channel).ListOperatorsAsync(new(), call).ResponseAsync
                : new PartService.PartServiceClient(client.Channel).ListPartsAsync(new(), call).ResponseAsync,
            id: "no id");
        // Let in, if not with this role to everything.
        return answer == "answered" || answer.Contains("ROLE_MISSING", StringComparison.Ordinal) ? "let in" : answer;
    }
}
