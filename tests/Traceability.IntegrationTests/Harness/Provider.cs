using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Traceability.Client;
using Traceability.Contracts.Broker.V1;
using Traceability.Local.Federation;

namespace Traceability.IntegrationTests.Harness;

/// <summary>The identity provider, as anybody finds it: nothing here knows a path but that of discovery.</summary>
internal sealed class Provider : IDisposable
{
    public const string Redirect = "https://pages.example.com/signed-in";

    private readonly HttpClient _http;
    private readonly CancellationToken _deadline;

    private readonly LocalFederation _processes;

    private Provider(HttpClient http, LocalFederation processes, JsonElement document, CancellationToken deadline) =>
        (_http, _processes, Document, _deadline) = (http, processes, document, deadline);

    public JsonElement Document { get; }

    public static async Task<Provider> FindAsync(string issuer, LocalFederation processes, CancellationToken deadline)
    {
        var http = new HttpClient(new FederationTrust(processes.Authority).CreateHandler());
        var address = new Uri($"{issuer}/.well-known/openid-configuration");
        return new(http, processes, await http.GetFromJsonAsync<JsonElement>(address, deadline), deadline);
    }

    public string Endpoint(string name) => Document.GetProperty($"{name}_endpoint").GetString()!;

    public Task<JsonElement> KeysAsync() =>
        _http.GetFromJsonAsync<JsonElement>(new Uri(Document.GetProperty("jwks_uri").GetString()!), _deadline);

    /// <summary>The ids of the keys that are published.</summary>
    public async Task<IReadOnlyList<string>> KeyIdsAsync() =>
        [.. (await KeysAsync()).GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()!)];

    /// <summary>As a person's client does, which shows no certificate.</summary>
    public Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(
        string endpoint, params (string Name, string Value)[] fields) => PostAsync(_http, endpoint, fields);

    private async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(
        HttpClient http, string endpoint, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        using var response = await http.PostAsync(new Uri(Endpoint(endpoint)), form, _deadline);
        var text = await response.Content.ReadAsStringAsync(_deadline);
        return (response.StatusCode, JsonDocument.Parse(text.Length > 0 ? text : "{}").RootElement);
    }

    /// <summary>With a certificate of the client's operator.</summary>
    public Task<(HttpStatusCode Status, JsonElement Answer)> ClientCredentialsAsync(
        Company client, params string[] resources) =>
        ClientCredentialsAsync(client, _processes.CertificateOf(client.OperatorId), resources);

    /// <summary>
    /// With any certificate, or with none; from an address of its own, where nobody has tried a wrong secret before.
    /// </summary>
    public async Task<(HttpStatusCode Status, JsonElement Answer)> ClientCredentialsAsync(
        Company client, (string Certificate, string Key)? certificate, params string[] resources)
    {
        var trust = new FederationTrust(_processes.Authority, certificate?.Certificate, certificate?.Key);
        using var http = new HttpClient(trust.CreateHandler().From(Loopback.Fresh()));
        return await PostAsync(
            http,
            "token",
            [
                ("grant_type", "client_credentials"), ("client_id", client.ClientId),
                ("client_secret", client.ClientSecret), .. resources.Select(resource => ("resource", resource)),
            ]);
    }

    /// <summary>Where a client sends a person, and the verifier with which it redeems the code.</summary>
    public (string Path, string Verifier) Authorization(
        string client, string resource, params (string Name, string? Value)[] other)
    {
        var verifier = WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));
        var parameters = new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = client,
            ["redirect_uri"] = Redirect,
            ["scope"] = "openid profile offline_access",
            ["resource"] = resource,
            ["state"] = "where-we-were",
            ["code_challenge_method"] = "S256",
            ["code_challenge"] =
                WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
        };
        foreach (var (name, value) in other)
        {
            parameters[name] = value;
        }

        var given = parameters.Where(parameter => parameter.Value is not null).ToDictionary();
        return (QueryHelpers.AddQueryString(new Uri(Endpoint("authorization")).AbsolutePath, given), verifier);
    }

    public Task<(HttpStatusCode Status, JsonElement Answer)> RedeemAsync(
        (string Id, string Secret) client, string code, string verifier) => PostAsync(
            "token", ("grant_type", "authorization_code"), ("client_id", client.Id), ("client_secret", client.Secret),
            ("code", code), ("redirect_uri", Redirect), ("code_verifier", verifier));

    public Task<(HttpStatusCode Status, JsonElement Answer)> RefreshAsync(
        (string Id, string Secret) client, string token, params (string Name, string Value)[] other) => PostAsync(
            "token",
            [
                ("grant_type", "refresh_token"), ("client_id", client.Id), ("client_secret", client.Secret),
                ("refresh_token", token), .. other,
            ]);

    public void Dispose() => _http.Dispose();
}

/// <summary>The management of clients and users, as the administrator of the federation.</summary>
internal sealed class Administrator(FederationClient client) : IDisposable
{
    public IdentityService.IdentityServiceClient Identity { get; } = new(client.Channel);

    public Grpc.Core.CallOptions Call => client.Call;

    public static async Task<Administrator> StartAsync(LocalFederation processes, CancellationToken deadline) =>
        new(await FederationClient.ForAdministratorAsync(processes, deadline));

    /// <summary>A client through which people sign in, with its secret.</summary>
    public async Task<(string Id, string Secret)> PagesAsync(string resource, string operatorId = "")
    {
        var id = $"pages-{Guid.CreateVersion7():n}";
        var answer = await Identity.RegisterClientAsync(
            new()
            {
                Client = new()
                {
                    ClientId = id,
                    Kind = ClientKind.Pages,
                    OperatorId = operatorId,
                    Resources = { resource },
                    RedirectUris = { Provider.Redirect },
                },
            },
            Call);
        return (id, answer.ClientSecret);
    }

    public async Task<InviteUserResponse> InviteAsync(Company company, string role, params string[] resources) =>
        await Identity.InviteUserAsync(
            new()
            {
                User = new()
                {
                    UserId = $"{Guid.CreateVersion7()}",
                    Name = $"person-{Guid.CreateVersion7():n}@example.com",
                    DisplayName = "Sato Hanako",
                    OperatorId = $"{company.OperatorId}",
                    Roles = { role },
                    Resources = { resources },
                },
            },
            Call);

    public void Dispose() => client.Dispose();
}
