using System.Net;
using System.Text;
using Traceability.Client;
using Xunit;

namespace Traceability.UnitTests.Client;

public sealed class TokenCacheTests : IDisposable
{
    private static readonly TokenClient Client = new("https://issuer.example.com", "me", "secret", "https://node.example.com");

    private readonly Issuer _issuer = new();
    private readonly Clock _clock = new();
    private readonly TokenCache _cache;

    public TokenCacheTests() => _cache = new(new HttpClient(_issuer), _clock);

    [Fact]
    public async Task A_token_is_used_until_shortly_before_its_end()
    {
        Assert.Equal("token-1", await GetAsync());
        _clock.Now += TimeSpan.FromSeconds(569);
        Assert.Equal("token-1", await GetAsync());
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.Equal("token-2", await GetAsync());
    }

    [Fact]
    public async Task Many_who_ask_at_once_lead_to_one_request()
    {
        _issuer.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = Enumerable.Range(0, 20).Select(_ => GetAsync()).ToArray();
        _issuer.Gate.SetResult();

        Assert.All(await Task.WhenAll(asked), token => Assert.Equal("token-1", token));
        Assert.Equal(1, _issuer.Tokens);
    }

    [Fact]
    public async Task Every_server_has_a_token_of_its_own_and_the_issuer_is_found_once()
    {
        var one = await GetAsync();
        var other = await _cache.GetAsync(Client with { Resource = "https://broker.example.com" }, default);

        Assert.NotEqual(one, other);
        Assert.Equal(["https://node.example.com", "https://broker.example.com"], _issuer.Resources);
        Assert.Equal(1, _issuer.Discoveries);
    }

    [Fact]
    public async Task A_refusal_is_told_and_kept_from_nobody_who_asks_again()
    {
        _issuer.Error = "invalid_target";
        var refused = await Assert.ThrowsAsync<TokenException>(GetAsync);
        _issuer.Error = "";

        Assert.Equal("invalid_target", refused.Error);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
        Assert.Equal("token-1", await GetAsync());
    }

    [Fact]
    public async Task An_issuer_that_is_away_is_named()
    {
        _issuer.Away = true;
        var refused = await Assert.ThrowsAsync<TokenException>(GetAsync);

        Assert.Equal(TokenException.Unreachable, refused.Error);
        Assert.Contains("https://issuer.example.com", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_gives_up_waiting_ends_nobody_elses_wait()
    {
        _issuer.Gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using var impatient = new CancellationTokenSource();
        var first = _cache.GetAsync(Client, impatient.Token);
        var second = GetAsync();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _issuer.Gate.SetResult();

        Assert.Equal("token-1", await second);
    }

    public void Dispose() => _cache.Dispose();

    private Task<string> GetAsync() => _cache.GetAsync(Client, default);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>An OpenID provider in a few lines: not ours, so it may be played.</summary>
    private sealed class Issuer : HttpMessageHandler
    {
        private readonly List<string> _resources = [];

        public TaskCompletionSource? Gate { get; set; }

        public string Error { get; set; } = "";

        public bool Away { get; set; }

        public int Tokens { get; private set; }

        public int Discoveries { get; private set; }

        public IReadOnlyList<string> Resources => _resources;

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Away)
            {
                throw new HttpRequestException("away");
            }

            switch (request.RequestUri!.AbsolutePath)
            {
                case "/.well-known/openid-configuration":
                    Discoveries++;
                    return Json("""
                        {"issuer":"https://issuer.example.com","jwks_uri":"https://issuer.example.com/somewhere/keys",
                        "token_endpoint":"https://issuer.example.com/somewhere/else"}
                        """);
                case "/somewhere/keys":
                    return Json("""{"keys":[]}""");
                default:
                    Assert.Equal("/somewhere/else", request.RequestUri.AbsolutePath);
                    await (Gate?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask);
                    return await TokenAsync(request, cancellationToken);
            }
        }

        private async Task<HttpResponseMessage> TokenAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Error.Length > 0)
            {
                return Json($$"""{"error":"{{Error}}"}""", HttpStatusCode.BadRequest);
            }

            var form = await request.Content!.ReadAsStringAsync(cancellationToken);
            _resources.Add(Uri.UnescapeDataString(form.Split("resource=")[1].Split('&')[0]));
            Tokens++;
            return Json($$"""{"access_token":"token-{{Tokens}}","token_type":"Bearer","expires_in":600}""");
        }

        private static HttpResponseMessage Json(string text, HttpStatusCode status = HttpStatusCode.OK) => new(status)
        {
            Content = new StringContent(text, Encoding.UTF8, "application/json"),
        };
    }
}
