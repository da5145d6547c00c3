using System.Net;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>How programs get tokens, and what these say.</summary>
public class ClientCredentialsTests(Federation federation) : IClassFixture<Federation>
{
    private LocalFederation Processes => federation.Processes;

    [Fact]
    public async Task Discovery_tells_everything_that_a_client_needs()
    {
        using var provider = await FindAsync();
        var document = provider.Document;

        Assert.Equal($"{Processes.Broker}/", document.GetProperty("issuer").GetString());
        foreach (var endpoint in new[] { "authorization", "token", "revocation", "end_session" })
        {
            Assert.StartsWith(Processes.Broker, provider.Endpoint(endpoint), StringComparison.Ordinal);
        }

        Assert.Equal(
            ["authorization_code", "client_credentials", "refresh_token"], Sorted("grant_types_supported"));
        Assert.Equal(["code"], Sorted("response_types_supported"));
        Assert.Equal(["query"], Sorted("response_modes_supported"));
        Assert.Equal(["S256"], Sorted("code_challenge_methods_supported"));
        Assert.Equal(["ES256"], Sorted("id_token_signing_alg_values_supported"));
        Assert.Equal(["client_secret_basic", "client_secret_post"], Sorted("token_endpoint_auth_methods_supported"));
        Assert.True(document.GetProperty("tls_client_certificate_bound_access_tokens").GetBoolean());
        var keys = (await provider.KeysAsync()).GetProperty("keys").EnumerateArray();
        Assert.All(keys, key => Assert.Equal(
            ("EC", "P-256", "ES256", "sig", false),
            (key.GetProperty("kty").GetString(), key.GetProperty("crv").GetString(), key.GetProperty("alg").GetString(),
                key.GetProperty("use").GetString(), key.TryGetProperty("d", out _))));

        string[] Sorted(string name) =>
            [.. document.GetProperty(name).EnumerateArray().Select(one => one.GetString()!).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task A_token_says_who_for_which_operator_with_which_role_and_for_which_one_server()
    {
        using var provider = await FindAsync();
        var clerk = Processes.Company(Story.A);

        var (status, answer) = await provider.ClientCredentialsAsync(clerk, Processes.Node(Story.A));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("Bearer", answer.GetProperty("token_type").GetString());
        Assert.InRange(answer.GetProperty("expires_in").GetInt32(), 590, 600);
        Assert.False(answer.TryGetProperty("refresh_token", out _));
        var token = new JsonWebToken(answer.GetProperty("access_token").GetString());
        Assert.Equal(("ES256", "at+jwt"), (token.Alg, token.Typ));
        Assert.Equal($"{Processes.Broker}/", token.Issuer);
        Assert.Equal([Processes.Node(Story.A)], token.Audiences);
        Assert.Equal((clerk.ClientId, clerk.ClientId), (token.Subject, token.GetClaim("client_id").Value));
        Assert.Equal($"{clerk.OperatorId}", token.GetClaim("operator_id").Value);
        Assert.Equal(["clerk"], token.Claims.Where(claim => claim.Type == "roles").Select(claim => claim.Value));
        Assert.Equal(
            new FederationTrust("", Processes.CertificateOf(clerk.OperatorId).Certificate).Shown()!.Fingerprint,
            JsonDocument.Parse(token.GetClaim("cnf").Value).RootElement.GetProperty("x5t#S256").GetString());
        Assert.InRange(token.ValidTo - token.IssuedAt, TimeSpan.FromMinutes(9.9), TimeSpan.FromMinutes(10));

        // Nobody's operator is nobody's.
        var nobody = new JsonWebToken(await FederationClient.TokenAsync(
            Processes, Processes.Administrator, Processes.Broker, federation.Deadline));
        Assert.Equal("", nobody.GetClaim("operator_id").Value);
    }

    [Fact]
    public async Task An_unknown_client_a_retired_one_and_a_wrong_secret_are_one_answer()
    {
        using var provider = await FindAsync();
        using var administrator = await Administrator.StartAsync(Processes, federation.Deadline);
        var retired = await administrator.PagesAsync(Processes.Broker);
        await administrator.Identity.RetireClientAsync(new() { ClientId = retired.Id }, administrator.Call);
        var known = Processes.Company(Story.A);
        Company[] refused =
        [
            known with { ClientSecret = new string('0', 64) },
            known with { ClientSecret = "" },
            known with { ClientId = "nobody" },
            known with { ClientId = retired.Id, ClientSecret = retired.Secret },
        ];

        var answers = new List<string>();
        foreach (var client in refused.Where(one => one.ClientSecret.Length > 0))
        {
            var (status, answer) = await provider.ClientCredentialsAsync(client, Processes.Node(Story.A));
            answers.Add($"{status} {answer}");
        }

        Assert.Single(answers.Distinct());
        Assert.Contains("Unauthorized", answers[0], StringComparison.Ordinal);
        Assert.Contains("invalid_client", answers[0], StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.OK, (await provider.ClientCredentialsAsync(refused[1], Processes.Broker)).Status);

        // What no text can be is the caller's mistake, and no fault of the server.
        var (unreadable, _) = await provider.ClientCredentialsAsync(known with { ClientId = "no\0body" }, Processes.Broker);
        Assert.Equal(HttpStatusCode.BadRequest, unreadable);

        // Nor does revocation tell them apart.
        var revocations = new List<string>();
        foreach (var client in refused.Where(one => one.ClientSecret.Length > 0))
        {
            var (status, answer) = await provider.PostAsync(
                "revocation", ("client_id", client.ClientId), ("client_secret", client.ClientSecret), ("token", "any"));
            revocations.Add($"{status} {answer}");
        }

        Assert.Equal(answers.Distinct(), revocations.Distinct());
    }

    [Fact]
    public async Task A_token_is_for_exactly_one_server_and_one_that_the_client_was_given()
    {
        using var provider = await FindAsync();
        var clerk = Processes.Company(Story.A);
        string[][] wrong =
        [
            [], [Processes.Node(Story.B)], [Processes.Broker], ["https://nobody.example.com"], ["node"], [""],
            [$"{Processes.Node(Story.A)}/"], [Processes.Node(Story.A), Processes.Node(Story.B)],
        ];

        foreach (var resources in wrong)
        {
            var (status, answer) = await provider.ClientCredentialsAsync(clerk, resources);
            Assert.Equal(
                (HttpStatusCode.BadRequest, "invalid_target"), (status, answer.GetProperty("error").GetString()));
        }

        var auditor = Processes.AuditClient(Story.A);
        foreach (var company in Story.Companies)
        {
            var (status, answer) = await provider.ClientCredentialsAsync(auditor, Processes.Node(company));
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(
                [Processes.Node(company)], new JsonWebToken(answer.GetProperty("access_token").GetString()).Audiences);
        }
    }

    [Fact]
    public async Task What_a_client_may_ask_for_can_be_changed()
    {
        using var provider = await FindAsync();
        using var administrator = await Administrator.StartAsync(Processes, federation.Deadline);
        var firm = Guid.CreateVersion7();
        var made = await administrator.Identity.RegisterClientAsync(
            new()
            {
                Client = new()
                {
                    ClientId = "auditors-of-z",
                    Kind = ClientKind.Program,
                    OperatorId = $"{firm}",
                    Roles = { "external_auditor" },
                    Resources = { Processes.Node(Story.A) },
                },
            },
            administrator.Call);
        var client = new Company("z", firm, "auditors-of-z", made.ClientSecret);
        Assert.Equal(HttpStatusCode.OK, (await provider.ClientCredentialsAsync(client, Processes.Node(Story.A))).Status);

        await Processes.AllowAsync(client, [Processes.Node(Story.B)], federation.Deadline);

        Assert.Equal(HttpStatusCode.OK, (await provider.ClientCredentialsAsync(client, Processes.Node(Story.B))).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await provider.ClientCredentialsAsync(client, Processes.Node(Story.A))).Status);
    }

    [Fact]
    public async Task Secrets_rotate_with_an_overlap_that_ends()
    {
        using var provider = await FindAsync();
        using var administrator = await Administrator.StartAsync(Processes, federation.Deadline);
        var firm = Guid.CreateVersion7();
        var made = await administrator.Identity.RegisterClientAsync(
            new()
            {
                Client = new()
                {
                    ClientId = "rotates",
                    Kind = ClientKind.Program,
                    OperatorId = $"{firm}",
                    Roles = { "clerk" },
                    Resources = { Processes.Node(Story.A) },
                },
            },
            administrator.Call);
        var first = made.ClientSecret;
        var until = TimeProvider.System.GetUtcNow().AddSeconds(5);
        var second = (await administrator.Identity.RotateClientSecretAsync(
            new()
            {
                ClientId = "rotates",
                PreviousUntilTime = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(until),
            },
            administrator.Call)).ClientSecret;

        Assert.True(await IsGoodAsync(first));
        Assert.True(await IsGoodAsync(second));
        await Wait.UntilAsync(async () => !await IsGoodAsync(first), federation.Deadline);
        Assert.True(TimeProvider.System.GetUtcNow() >= until);

        // Without an overlap the one before is of no use from now on.
        var third = (await administrator.Identity.RotateClientSecretAsync(
            new() { ClientId = "rotates" }, administrator.Call)).ClientSecret;
        Assert.False(await IsGoodAsync(second));
        Assert.True(await IsGoodAsync(third));
        Assert.Equal(3, new[] { first, second, third }.Distinct().Count());

        async Task<bool> IsGoodAsync(string secret) => (await provider.ClientCredentialsAsync(
            new("z", firm, "rotates", secret), Processes.Node(Story.A))).Status == HttpStatusCode.OK;
    }

    [Fact]
    public async Task Secrets_are_stored_as_hashes_and_written_to_no_log()
    {
        var rows = await federation.RowsAsync(Processes.BrokerDatabase, "select to_jsonb(c)::text from identity.clients c");
        var written = string.Join('\n', rows) + Processes.Log("broker");
        string[] secrets =
        [
            Processes.Administrator.ClientSecret, Processes.Company(Story.A).ClientSecret,
            Processes.NodeClient(Story.B).ClientSecret,
        ];

        Assert.All(secrets, secret => Assert.Equal(64, secret.Length));
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, written, StringComparison.OrdinalIgnoreCase));
    }

    private Task<Provider> FindAsync() => Provider.FindAsync(Processes.Broker, Processes, federation.Deadline);
}
