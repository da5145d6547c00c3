using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Traceability.Identity.Clients;
using Traceability.Identity.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Traceability.Identity.Endpoints;

/// <summary>
/// Gives tokens to a client that has proved who it is, with a certificate of its operator where it is a program, and
/// may ask for the resource: the provider has seen to that.
/// </summary>
internal static class TokenEndpoint
{
    public static async Task<IResult> HandleAsync(
        HttpContext http, ClientManager clients, UserManager<User> users, CancellationToken cancellationToken)
    {
        var request = http.GetOpenIddictServerRequest()!;
        var client = (await clients.FindByClientIdAsync(request.ClientId!, cancellationToken))!;
        if (request.IsClientCredentialsGrantType())
        {
            Bind(http);
            return SignIn(TokenClaims.Of(client, request.GetResources()[0]));
        }

        var ticket = await http.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        var granted = ticket.Principal!;
        if (request.GetResources().Except(granted.GetResources()).Any())
        {
            return Refuse(Errors.InvalidTarget, ResourceRule.Refusal);
        }

        // Rights are looked up anew each time: a lock, another role, a server that is allowed no more.
        return await users.FindByIdAsync(granted.GetClaim(Claims.Subject)!) is { MayEnter: true } user
            && granted.GetResources() is [var resource]
            && user.Resources.Contains(resource, StringComparer.Ordinal)
            && client.Resources.Contains(resource, StringComparer.Ordinal)
            ? SignIn(TokenClaims.Renewed(granted, user))
            : Refuse(Errors.InvalidGrant, "Sign in again.");
    }

    /// <summary>
    /// The token that is made now is worth nothing without the certificate of this connection (RFC 8705). Only here
    /// does the provider learn of it: it names an operator, not a client, and CertificateRule has read it.
    /// </summary>
    private static void Bind(HttpContext http) =>
        http.Features.Get<OpenIddictServerAspNetCoreFeature>()!.Transaction!.RemoteCertificate =
            http.Connection.ClientCertificate;

    private static IResult SignIn(System.Security.Claims.ClaimsPrincipal principal) =>
        Results.SignIn(principal, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);

    internal static IResult Refuse(string error, string description) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }),
        [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
}
