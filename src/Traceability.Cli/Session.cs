using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Traceability.Contracts.Node.V1;

namespace Traceability.Cli;

/// <summary>One person's connection to one node.</summary>
internal sealed class Session : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly GrpcChannel _channel;
    private readonly Metadata _token;
    private readonly Profiles _profiles;

    private Session(Profiles profiles, GrpcChannel channel, string token, CancellationToken cancellationToken)
    {
        (_profiles, _channel, Cancelled) = (profiles, channel, cancellationToken);
        _token = new Metadata { { "authorization", $"Bearer {token}" } };
        Parts = new(channel);
        Trades = new(channel);
        Releases = new(channel);
        Footprints = new(channel);
        Imports = new(channel);
        Keys = new(channel);
        Audit = new(channel);
        Exports = new(channel);
    }

    public PartService.PartServiceClient Parts { get; }

    public TradeService.TradeServiceClient Trades { get; }

    public ReleaseService.ReleaseServiceClient Releases { get; }

    public FootprintService.FootprintServiceClient Footprints { get; }

    public ImportService.ImportServiceClient Imports { get; }

    public KeyService.KeyServiceClient Keys { get; }

    public AuditService.AuditServiceClient Audit { get; }

    public ExportService.ExportServiceClient Exports { get; }

    public CancellationToken Cancelled { get; }

    public CallOptions Call => new(_token, TimeProvider.System.GetUtcNow().UtcDateTime + Deadline, Cancelled);

    /// <summary>For a call that lasts until the person ends it.</summary>
    public CallOptions Watch => new(_token, cancellationToken: Cancelled);

    public static async Task<Session> OpenAsync(Profiles profiles, Profile profile, CancellationToken cancellationToken)
    {
        var token = await TokenAsync(profile, cancellationToken);
        var options = new GrpcChannelOptions { HttpHandler = Handler(profile), DisposeHttpClient = true };
        return new(profiles, GrpcChannel.ForAddress(profile.Node, options), token, cancellationToken);
    }

    public string OperatorId(string nameOrId) => _profiles.OperatorId(nameOrId);

    /// <summary>A part by its trace id or, where only one is called so, by its name.</summary>
    public async Task<string> PartAsync(string nameOrId)
    {
        if (Guid.TryParse(nameOrId, out _))
        {
            return nameOrId;
        }

        string[] found = [.. (await AllPartsAsync()).Where(part => part.Name == nameOrId).Select(part => part.TraceId)];
        return found switch
        {
            [var one] => one,
            [] => throw new ProblemException($"No part is called \"{nameOrId}\". `trace part list` shows all."),
            _ => throw new ProblemException($"Several parts are called \"{nameOrId}\": {string.Join(", ", found)}."),
        };
    }

    /// <summary>What the company calls its parts; a person reads no ids.</summary>
    public async Task<Func<string, string>> NamesAsync()
    {
        var names = (await AllPartsAsync()).ToDictionary(part => part.TraceId, part => part.Name);
        return id => names.GetValueOrDefault(id, id);
    }

    public async Task<IReadOnlyList<Part>> AllPartsAsync()
    {
        List<Part> parts = [];
        var request = new ListPartsRequest { PageSize = 1000 };
        do
        {
            var page = await Parts.ListPartsAsync(request, Call);
            parts.AddRange(page.Parts);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return parts;
    }

    public void Dispose() => _channel.Dispose();

    private static async Task<string> TokenAsync(Profile profile, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(Handler(profile)) { Timeout = Deadline };
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = profile.ClientId,
            ["client_secret"] = profile.ClientSecret,
            ["resource"] = "node",
        });
        try
        {
            using var response = await http.PostAsync(new Uri($"{profile.Issuer}/token"), form, cancellationToken);
            var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            return response.IsSuccessStatusCode
                ? answer.GetProperty("access_token").GetString()!
                : throw new ProblemException(
                    $"{profile.Issuer} gives {profile.ClientId} no token: {answer.GetProperty("error")}.");
        }
        catch (HttpRequestException exception)
        {
            throw new ProblemException(
                $"The token issuer {profile.Issuer} cannot be reached ({exception.HttpRequestError}). Is it running?");
        }
    }

    private static SocketsHttpHandler Handler(Profile profile)
    {
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        if (profile.Authority.Length > 0)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            policy.CustomTrustStore.ImportFromPemFile(profile.Authority);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return handler;
    }
}
