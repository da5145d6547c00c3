using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Core;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using Traceability.Hosting;
using Traceability.Identity.Clients;
using Traceability.Identity.Endpoints;
using Traceability.Identity.Keys;
using Traceability.Identity.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Traceability.Identity;

/// <summary>How OpenIddict is set up.</summary>
internal static class Provider
{
    /// <summary>Where things are. Nobody but discovery says so to anybody.</summary>
    public const string AuthorizationPath = "/identity/authorize";
    public const string TokenPath = "/identity/token";
    public const string EndSessionPath = "/identity/sign-out";
    private const string RevocationPath = "/identity/revoke";
    private const string KeysPath = "/identity/keys";

    /// <summary>A code is redeemed at once.</summary>
    private static readonly TimeSpan CodeLifetime = TimeSpan.FromMinutes(1);

    /// <summary>The broker itself, unless it is known under another name.</summary>
    public static string IssuerOf(HostSettings host) => host.Issuer.Length > 0 ? host.Issuer : host.PublicAddress;

    public static void Add(IServiceCollection services, HostSettings host, IdentitySettings settings)
    {
        services.AddScoped(provider =>
            (ClientManager)provider.GetRequiredService<OpenIddictApplicationManager<Client>>());
        services.AddOpenIddict()
            .AddCore(core =>
            {
                core.UseEntityFrameworkCore().UseDbContext<IdentityDatabase>()
                    .ReplaceDefaultEntities<Client, Authorization, Scope, Token, Guid>();
                core.ReplaceApplicationManager<Client, ClientManager>();
            })
            .AddServer(server =>
            {
                server.SetIssuer(IssuerOf(host));
                AddEndpoints(server);
                AddFlows(server, settings);
                AddRules(server);
                server.UseAspNetCore()
                    .EnableAuthorizationEndpointPassthrough()
                    .EnableTokenEndpointPassthrough()
                    .EnableEndSessionEndpointPassthrough();
            });
    }

    private static void AddEndpoints(OpenIddictServerBuilder server) => server
        .SetAuthorizationEndpointUris(AuthorizationPath)
        .SetTokenEndpointUris(TokenPath)
        .SetRevocationEndpointUris(RevocationPath)
        .SetEndSessionEndpointUris(EndSessionPath)
        .SetJsonWebKeySetEndpointUris(KeysPath);

    private static void AddFlows(OpenIddictServerBuilder server, IdentitySettings settings) => server
        .AllowClientCredentialsFlow()
        .AllowAuthorizationCodeFlow()
        .RequireProofKeyForCodeExchange()
        .AllowRefreshTokenFlow()
        .UseClientCertificateBoundAccessTokens()
        .DisableAccessTokenEncryption()
        .SetAccessTokenLifetime(settings.AccessTokenLifetime)
        .SetIdentityTokenLifetime(settings.AccessTokenLifetime)
        .SetAuthorizationCodeLifetime(CodeLifetime)
        .SetRefreshTokenLifetime(settings.SignInLifetime)
        // A sign-in ends when it was said to, however often its token is renewed ...
        .DisableSlidingRefreshTokenExpiration()
        // ... and a refresh token that comes a second time was stolen from somebody.
        .SetRefreshTokenReuseLeeway(null)
        .RegisterScopes(Scopes.OpenId, Scopes.Profile, Scopes.OfflineAccess)
        .RegisterClaims(Claims.Name, Caller.OperatorClaim, Caller.RolesClaim)
        .IgnoreScopePermissions()
        .Configure(Narrow);

    /// <summary>What nobody uses is not offered.</summary>
    private static void Narrow(OpenIddictServerOptions options)
    {
        options.CodeChallengeMethods.Clear();
        options.CodeChallengeMethods.Add(CodeChallengeMethods.Sha256);
        // The others need a script in a page of the provider, or show a code to scripts of the client.
        options.ResponseModes.Clear();
        options.ResponseModes.Add(ResponseModes.Query);
        options.ClientAuthenticationMethods.Remove(ClientAuthenticationMethods.PrivateKeyJwt);
        options.ClientAssertionTypes.Clear();
    }

    private static void AddRules(OpenIddictServerBuilder server)
    {
        // Resources are what each client was given, not one list for all; and one token is for one of them.
        server.DisableResourceValidation().IgnoreResourcePermissions();
        server.RemoveEventHandler(OpenIddictServerHandlers.Exchange.ValidateResourceParameter.Descriptor);
        server.RemoveEventHandler(OpenIddictServerHandlers.Authentication.ValidateResourceParameter.Descriptor);
        ClientAttempts.All.ToList().ForEach(handler => server.AddEventHandler(handler));
        server.AddEventHandler(MustShowCertificate.Descriptor);
        server.AddEventHandler(CertificateRule.Descriptor);
        server.AddEventHandler(ResourceRule.OfTokens);
        server.AddEventHandler(ResourceRule.OfAuthorizations);
        server.AddEventHandler(SigningKeyChoice.Descriptor);
        server.AddEventHandler(UniformRefusals.OfTokens);
        server.AddEventHandler(UniformRefusals.OfRevocations);
        server.AddEventHandler(PublicOrigin.Descriptor);
        // The certificate of a connection names an operator, not a client: the token endpoint binds to it.
        server.RemoveEventHandler(
            OpenIddictServerAspNetCoreHandlers.ExtractClientCertificate<ExtractTokenRequestContext>.Descriptor);
        server.RemoveEventHandler(
            OpenIddictServerAspNetCoreHandlers.ExtractClientCertificate<ExtractRevocationRequestContext>.Descriptor);
    }
}
