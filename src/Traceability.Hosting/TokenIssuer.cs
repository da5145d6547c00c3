using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Traceability.Hosting;

/// <summary>A client that may have tokens.</summary>
/// <param name="ClientId">Its name.</param>
/// <param name="SecretSha256">Hash of its secret in hexadecimal; secrets are random and long, so one round is
/// enough.</param>
/// <param name="OperatorId">The operator it acts for; empty for none.</param>
/// <param name="Roles">What it may do.</param>
/// <param name="Audiences">Which servers it may have tokens for: "node", "broker".</param>
public record TokenClient(string ClientId, string SecretSha256, string OperatorId, string[] Roles, string[] Audiences);

/// <summary>
/// The embedded default of OpenID Connect: client credentials (RFC 6749, section 4.4), the server named as the resource
/// (RFC 8707), discovery and key set. In production any other provider can be configured instead.
/// </summary>
public sealed class TokenIssuer
{
    /// <summary>A stolen token is of use this long at most.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly string _issuer;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, TokenClient> _clients;
    private readonly ECDsaSecurityKey _key;
    private readonly JsonWebKey _public;

    private TokenIssuer(string issuer, string keyFile, IEnumerable<TokenClient> clients, TimeProvider clock)
    {
        (_issuer, _clock) = (issuer, clock);
        _clients = clients.ToDictionary(client => client.ClientId, StringComparer.Ordinal);
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(keyFile));
        _key = new ECDsaSecurityKey(key);
        _key.KeyId = Base64UrlEncoder.Encode(_key.ComputeJwkThumbprint());
        _public = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(
            new ECDsaSecurityKey(ECDsa.Create(key.ExportParameters(includePrivateParameters: false))));
    }

    /// <summary>The process that issues tokens checks them with the key itself, not over the network.</summary>
    public void CheckOwnTokens(IServiceCollection services) =>
        services.PostConfigure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, bearer =>
        {
            bearer.ConfigurationManager = null;
            bearer.Authority = null;
            bearer.TokenValidationParameters.IssuerSigningKey = _key;
        });

    public static TokenIssuer Add(IServiceCollection services, IConfiguration configuration, string issuer)
    {
        var section = configuration.GetRequiredSection("TokenIssuer");
        var made = new TokenIssuer(
            issuer,
            section["SigningKey"]!,
            section.GetSection("Clients").Get<TokenClient[]>() ?? [],
            TimeProvider.System);
        services.AddSingleton(made);
        return made;
    }

    public void Map(WebApplication app)
    {
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, object>
        {
            ["issuer"] = _issuer,
            ["token_endpoint"] = $"{_issuer}/token",
            ["jwks_uri"] = $"{_issuer}/jwks",
            ["grant_types_supported"] = new[] { "client_credentials" },
            ["token_endpoint_auth_methods_supported"] = new[] { "client_secret_post" },
            ["id_token_signing_alg_values_supported"] = new[] { "ES256" },
            ["response_types_supported"] = Array.Empty<string>(),
            ["subject_types_supported"] = new[] { "public" },
        }));
        app.MapGet("/jwks", () => Results.Json(new
        {
            keys = new[]
            {
                new
                {
                    kty = "EC",
                    crv = "P-256",
                    x = _public.X,
                    y = _public.Y,
                    kid = _key.KeyId,
                    use = "sig",
                    alg = "ES256",
                },
            },
        }));
        app.MapPost("/token", TokenAsync);
    }

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        if (!request.HasFormContentType)
        {
            return Refuse("invalid_request");
        }

        var form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        if (form["grant_type"] != "client_credentials")
        {
            return Refuse("unsupported_grant_type");
        }

        // An unknown client costs what a known one with a wrong secret costs.
        var client = _clients.GetValueOrDefault($"{form["client_id"]}");
        var known = client?.SecretSha256 ?? Convert.ToHexString(new byte[SHA256.HashSizeInBytes]);
        var given = SHA256.HashData(Encoding.UTF8.GetBytes($"{form["client_secret"]}"));
        if (!CryptographicOperations.FixedTimeEquals(given, Convert.FromHexString(known)) || client is null)
        {
            return Refuse("invalid_client", StatusCodes.Status401Unauthorized);
        }

        var audience = $"{form["resource"]}";
        return client.Audiences.Contains(audience)
            ? Results.Json(new Dictionary<string, object>
            {
                ["access_token"] = Issue(client, audience),
                ["token_type"] = "Bearer",
                ["expires_in"] = (int)Lifetime.TotalSeconds,
            })
            : Refuse("invalid_target");
    }

    private string Issue(TokenClient client, string audience)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = _issuer,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Lifetime,
            Subject = new ClaimsIdentity(
            [
                new Claim("sub", client.ClientId),
                new Claim(Caller.ClientClaim, client.ClientId),
                new Claim(Caller.OperatorClaim, client.OperatorId),
                .. client.Roles.Select(role => new Claim(Caller.RolesClaim, role)),
            ]),
            SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.EcdsaSha256),
        });
    }

    private static IResult Refuse(string error, int status = StatusCodes.Status400BadRequest) =>
        Results.Json(new { error }, statusCode: status);
}
