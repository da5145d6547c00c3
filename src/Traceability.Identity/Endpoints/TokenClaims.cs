using System.Security.Claims;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using Traceability.Hosting;
using Traceability.Identity.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Traceability.Identity.Endpoints;

/// <summary>What a token says: who, for which operator, with which roles, for which server.</summary>
internal static class TokenClaims
{
    public static ClaimsPrincipal Of(Client client, string resource)
    {
        var identity = NewIdentity(resource);
        identity.SetClaim(Claims.Subject, client.ClientId);
        Describe(identity, client.OperatorId, client.Roles);
        return new(identity);
    }

    public static ClaimsPrincipal Of(User user, string resource, IEnumerable<string> scopes, DateTimeOffset signedInAt)
    {
        var identity = NewIdentity(resource);
        identity.SetScopes(scopes);
        identity.SetClaim(Claims.AuthenticationTime, signedInAt.ToUnixTimeSeconds());
        Describe(identity, user);
        return new(identity);
    }

    /// <summary>What was granted before, with what is known of the user now.</summary>
    public static ClaimsPrincipal Renewed(ClaimsPrincipal granted, User user)
    {
        var identity = new ClaimsIdentity(
            granted.Claims, TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        Describe(identity, user);
        return new(identity);
    }

    private static ClaimsIdentity NewIdentity(string resource)
    {
        var identity = new ClaimsIdentity(
            TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
        identity.SetResources(resource);
        return identity;
    }

    private static void Describe(ClaimsIdentity identity, User user)
    {
        identity.SetClaim(Claims.Subject, $"{user.Id}");
        identity.SetClaim(Claims.Name, user.DisplayName);
        Describe(identity, user.OperatorId, user.Roles);
    }

    private static void Describe(ClaimsIdentity identity, Guid operatorId, IEnumerable<string> roles)
    {
        identity.RemoveClaims(Caller.OperatorClaim);
        identity.AddClaim(Caller.OperatorClaim, operatorId == Guid.Empty ? "" : $"{operatorId}");
        identity.SetClaims(Caller.RolesClaim, [.. roles]);
        // Those of a person are for the client that signs one in, too: its pages show who is there.
        identity.SetDestinations(claim => claim.Type switch
        {
            Claims.Name or Claims.Subject or Claims.AuthenticationTime or Caller.OperatorClaim or Caller.RolesClaim =>
                [Destinations.AccessToken, Destinations.IdentityToken],
            _ => [],
        });
    }
}
