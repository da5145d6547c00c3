using System.Collections.Concurrent;
using Duende.IdentityModel.Client;
using Grpc.Core;

namespace Traceability.Client;

/// <summary>
/// The one place where a process gets its tokens: each is fetched once, used until shortly before its end, and fetched
/// by one caller while the others wait.
/// </summary>
public sealed class TokenCache : IDisposable
{
    /// <summary>A token that ends in the middle of a call is of no use.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    /// <summary>An issuer that has not answered by then is asked again by the next call.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>An issuer that has moved its endpoints is found again after this long.</summary>
    private static readonly TimeSpan DiscoveryAge = TimeSpan.FromMinutes(15);

    private readonly HttpClient _http;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<TokenClient, Kept<string>> _tokens = [];
    private readonly ConcurrentDictionary<string, Kept<string>> _endpoints = [];

    /// <param name="trust">Whom to believe to be the issuer, and the certificate to which the tokens are bound.</param>
    /// <param name="clock">Says when a token ends.</param>
    public TokenCache(FederationTrust trust, TimeProvider clock)
        : this(new HttpClient(trust.CreateHandler()), clock)
    {
    }

    internal TokenCache(HttpClient http, TimeProvider clock)
    {
        (_http, _clock) = (http, clock);
        _http.Timeout = Deadline;
    }

    /// <exception cref="TokenException">The issuer gives none, or cannot be asked.</exception>
    public Task<string> GetAsync(TokenClient client, CancellationToken cancellationToken) =>
        _tokens.GetOrAdd(client, _ => new()).GetAsync(_clock, token => FetchAsync(client, token), cancellationToken);

    /// <summary>Puts the client's token on every call.</summary>
    public CallCredentials CredentialsOf(TokenClient client) => CallCredentials.FromInterceptor(
        (context, metadata) => AddAsync(client, metadata, context.CancellationToken));

    /// <summary>Puts the client's token on one call.</summary>
    public async Task AddAsync(TokenClient client, Metadata metadata, CancellationToken cancellationToken)
    {
        try
        {
            metadata.Add("authorization", $"Bearer {await GetAsync(client, cancellationToken)}");
        }
        catch (TokenException exception)
        {
            // Whoever calls knows what to do about a server that is away: it tries again.
            throw new RpcException(new Status(StatusCode.Unavailable, exception.Message));
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        foreach (var kept in _tokens.Values.Concat(_endpoints.Values))
        {
            kept.Dispose();
        }
    }

    private async Task<(string Value, TimeSpan GoodFor)> FetchAsync(
        TokenClient client, CancellationToken cancellationToken)
    {
        var endpoint = await _endpoints.GetOrAdd(client.Issuer, _ => new())
            .GetAsync(_clock, token => DiscoverAsync(client.Issuer, token), cancellationToken);
        using var request = new ClientCredentialsTokenRequest
        {
            Address = endpoint,
            ClientId = client.ClientId,
            ClientSecret = client.ClientSecret,
            ClientCredentialStyle = ClientCredentialStyle.PostBody,
            Resource = { client.Resource },
        };
        var answer = await _http.RequestClientCredentialsTokenAsync(request, cancellationToken);
        if (answer.IsError)
        {
            throw answer.ErrorType == ResponseErrorType.Protocol
                ? new TokenException(
                    answer.Error!,
                    $"{client.Issuer} gives {client} no token: {answer.Error}. {answer.ErrorDescription}".TrimEnd())
                : Unreachable(client.Issuer, answer.Error);
        }

        var lifetime = TimeSpan.FromSeconds(answer.ExpiresIn);
        return (answer.AccessToken!, lifetime > 2 * Margin ? lifetime - Margin : lifetime / 2);
    }

    private async Task<(string Value, TimeSpan GoodFor)> DiscoverAsync(
        string issuer, CancellationToken cancellationToken)
    {
        using var request = new DiscoveryDocumentRequest
        {
            Address = issuer,
            // Providers are free to have their endpoints elsewhere; TLS and the issuer's name vouch for the document.
            Policy = { ValidateEndpoints = false },
        };
        var document = await _http.GetDiscoveryDocumentAsync(request, cancellationToken);
        return document is { IsError: false, TokenEndpoint: { } endpoint }
            ? (endpoint, DiscoveryAge)
            : throw Unreachable(issuer, document.Error);
    }

    private static TokenException Unreachable(string issuer, string? why) => new(
        TokenException.Unreachable, $"The token issuer {issuer} cannot be reached ({why}). Is it running?");

    /// <summary>A value that is good for a while, and fetched by one at a time.</summary>
    private sealed class Kept<T> : IDisposable
        where T : class
    {
        private readonly SemaphoreSlim _fetching = new(1);
        private volatile Good? _good;

        public async Task<T> GetAsync(
            TimeProvider clock,
            Func<CancellationToken, Task<(T Value, TimeSpan GoodFor)>> fetch,
            CancellationToken cancellationToken)
        {
            if (Current(clock) is { } current)
            {
                return current;
            }

            if (!await _fetching.WaitAsync(Deadline, cancellationToken))
            {
                throw TooLate();
            }

            using var deadline = new CancellationTokenSource(Deadline, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
            try
            {
                return Current(clock) ?? await RenewAsync(clock, fetch, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw TooLate();
            }
            finally
            {
                _fetching.Release();
            }
        }

        public void Dispose() => _fetching.Dispose();

        private T? Current(TimeProvider clock) =>
            _good is { } good && clock.GetUtcNow() < good.Until ? good.Value : null;

        private async Task<T> RenewAsync(
            TimeProvider clock,
            Func<CancellationToken, Task<(T Value, TimeSpan GoodFor)>> fetch,
            CancellationToken cancellationToken)
        {
            var (value, goodFor) = await fetch(cancellationToken);
            _good = new(value, clock.GetUtcNow() + goodFor);
            return value;
        }

        private static TokenException TooLate() =>
            new(TokenException.Unreachable, "The token issuer does not answer in time. Is it running?");

        private sealed record Good(T Value, DateTimeOffset Until);
    }
}
