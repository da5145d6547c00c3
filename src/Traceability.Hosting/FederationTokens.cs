using System.Net.Http.Json;
using System.Text.Json.Serialization;

namespace Traceability.Hosting;

/// <summary>Tokens of one client for the broker, fetched when the old one is about to end.</summary>
public sealed class FederationTokens(
    HttpClient http, string issuer, string clientId, string clientSecret, TimeProvider clock) : IDisposable
{
    /// <summary>A token that ends in the middle of a call is of no use.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _fetching = new(1);
    private string _token = "";
    private DateTimeOffset _goodUntil;

    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        if (clock.GetUtcNow() < _goodUntil)
        {
            return _token;
        }

        await _fetching.WaitAsync(cancellationToken);
        try
        {
            if (clock.GetUtcNow() >= _goodUntil)
            {
                var answer = await FetchAsync(cancellationToken);
                _token = answer.AccessToken;
                _goodUntil = clock.GetUtcNow() + TimeSpan.FromSeconds(answer.ExpiresIn) - Margin;
            }

            return _token;
        }
        finally
        {
            _fetching.Release();
        }
    }

    public void Dispose() => _fetching.Dispose();

    private async Task<TokenAnswer> FetchAsync(CancellationToken cancellationToken)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = clientId,
            ["client_secret"] = clientSecret,
            ["resource"] = "broker",
        });
        using var response = await http.PostAsync(new Uri($"{issuer}/token"), form, cancellationToken);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<TokenAnswer>(cancellationToken))!;
    }

    private sealed record TokenAnswer(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("expires_in")] int ExpiresIn);
}
