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
/// Sends a person who has signed in back to the client with a code, and everybody else to the sign-in page first.
/// Nobody is asked for consent: all clients are the federation's own.
/// </summary>
internal static class AuthorizationEndpoint
{
    public static async Task<IResult> HandleAsync(
        HttpContext http, ClientManager clients, UserManager<User> users, TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var request = http.GetOpenIddictServerRequest()!;
        var session = await http.AuthenticateAsync(IdentityConstants.ApplicationScheme);
        var user = session.Succeeded ? await users.GetUserAsync(session.Principal) : null;
        var signedInAt = session.Properties?.IssuedUtc ?? DateTimeOffset.MinValue;
        if (user is not { MayEnter: true } || MustSignInAgain(request, signedInAt, clock.GetUtcNow()))
        {
            return request.HasPromptValue(PromptValues.None)
                ? TokenEndpoint.Refuse(Errors.LoginRequired, "Nobody is signed in.")
                : ToSignIn(request);
        }

        var client = (await clients.FindByClientIdAsync(request.ClientId!, cancellationToken))!;
        if (client.OperatorId != Guid.Empty && client.OperatorId != user.OperatorId)
        {
            return TokenEndpoint.Refuse(Errors.AccessDenied, "This client is for people of another operator.");
        }

        var resource = request.GetResources()[0];
        return user.Resources.Contains(resource, StringComparer.Ordinal)
            ? Results.SignIn(
                TokenClaims.Of(user, resource, request.GetScopes(), signedInAt),
                authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)
            : TokenEndpoint.Refuse(Errors.InvalidTarget, ResourceRule.Refusal);
    }

    private static bool MustSignInAgain(OpenIddictRequest request, DateTimeOffset signedInAt, DateTimeOffset now) =>
        request.HasPromptValue(PromptValues.Login)
        || (request.MaxAge is { } seconds && signedInAt + TimeSpan.FromSeconds(seconds) < now);

    /// <summary>
    /// The request comes back after the sign-in, without the wishes that have been fulfilled then. Whoever takes them
    /// out by hand is found out by the client: tokens say when the person signed in.
    /// </summary>
    private static IResult ToSignIn(OpenIddictRequest request)
    {
        var again = request.GetParameters()
            .Where(parameter => parameter.Key is not (Parameters.Prompt or Parameters.MaxAge))
            .Select(parameter => KeyValuePair.Create(parameter.Key, (string?)parameter.Value));
        var back = Provider.AuthorizationPath + QueryString.Create(again);
        return Results.Redirect("/identity/sign-in" + QueryString.Create("returnUrl", back));
    }
}
