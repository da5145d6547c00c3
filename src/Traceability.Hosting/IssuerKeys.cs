using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Traceability.Hosting;

/// <summary>
/// The issuer and its keys, as a server that checks tokens knows them. A key that is not known yet is looked for before
/// the call is judged, so that no call fails because the issuer has rotated its keys.
/// </summary>
public sealed class IssuerKeys : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    /// <summary>A key that the issuer no longer vouches for is not believed for longer.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);

    /// <summary>Anybody can send a token that names a key of its own; the issuer is not asked for each.</summary>
    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(1);

    /// <summary>An issuer that is away is not asked again by every call.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly Func<CancellationToken, Task<OpenIdConnectConfiguration>> _read;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _reading = new(1);
    private volatile Known? _known;

    /// <param name="read">Asks the issuer.</param>
    /// <param name="clock">Says how old an answer is.</param>
    public IssuerKeys(Func<CancellationToken, Task<OpenIdConnectConfiguration>> read, TimeProvider clock) =>
        (_read, _clock) = (read, clock);

    /// <summary>Those of an issuer elsewhere, found through discovery.</summary>
    internal static IssuerKeys Of(HostSettings settings, TimeProvider clock)
    {
        var http = new HttpClient(settings.Trust.CreateHandler()) { Timeout = Deadline };
        var documents = new HttpDocumentRetriever(http);
        var address = $"{settings.Issuer.TrimEnd('/')}/.well-known/openid-configuration";
        return new(Read, clock);

        async Task<OpenIdConnectConfiguration> Read(CancellationToken cancellationToken)
        {
            var found = await OpenIdConnectConfigurationRetriever.GetAsync(address, documents, cancellationToken);
            return found.Issuer?.TrimEnd('/') == settings.Issuer.TrimEnd('/')
                ? found
                : throw new InvalidOperationException($"{address} speaks for another issuer.");
        }
    }

    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        var known = _known;
        return known is not null && _clock.GetUtcNow() < known.ReadAt + MaxAge
            ? known.Configuration
            : await ReadAsync(known, cancel);
    }

    public void RequestRefresh()
    {
        // FindKeyAsync has looked already.
    }

    public void Dispose() => _reading.Dispose();

    /// <summary>Makes sure that the key of a token is known if the issuer has it at all.</summary>
    internal static async Task FindKeyAsync(MessageReceivedContext message)
    {
        if (KeyIdOf(message.Request.Headers.Authorization.ToString()) is not { } keyId)
        {
            return;
        }

        var keys = message.HttpContext.RequestServices.GetRequiredService<IssuerKeys>();
        var known = keys._known;
        if (known is null || (!known.Has(keyId) && keys._clock.GetUtcNow() >= known.ReadAt + AskInterval))
        {
            await keys.ReadAsync(known, message.HttpContext.RequestAborted);
        }
    }

    private static string? KeyIdOf(string header)
    {
        const string Scheme = "Bearer ";
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            return new JsonWebToken(header[Scheme.Length..].Trim()).Kid;
        }
        catch (ArgumentException)
        {
            // Not a token at all; the check that follows says so.
            return null;
        }
    }

    /// <summary>Asks the issuer, unless somebody else has since.</summary>
    private async Task<OpenIdConnectConfiguration> ReadAsync(Known? seen, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Deadline);
        var entered = false;
        try
        {
            await _reading.WaitAsync(deadline.Token);
            entered = true;
            if (_known is { } known && known != seen)
            {
                return known.Configuration;
            }

            var read = await _read(deadline.Token);
            _known = new(read, _clock.GetUtcNow());
            return read;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            if (seen is null)
            {
                throw new IssuerKeysException(exception);
            }

            // An issuer that is away keeps nobody out whose key is known.
            _known = seen with { ReadAt = _clock.GetUtcNow() - MaxAge + RetryInterval };
            return seen.Configuration;
        }
        finally
        {
            if (entered)
            {
                _reading.Release();
            }
        }
    }

    private sealed record Known(OpenIdConnectConfiguration Configuration, DateTimeOffset ReadAt)
    {
        private readonly HashSet<string> _ids = [.. Configuration.SigningKeys.Select(key => key.KeyId)];

        public bool Has(string keyId) => _ids.Contains(keyId);
    }
}

/// <summary>No token can be judged: the issuer has never been reached.</summary>
internal sealed class IssuerKeysException(Exception inner) : Exception("The issuer's keys cannot be read.", inner);
