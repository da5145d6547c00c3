using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Traceability.Identity.Clients;
using Traceability.Identity.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Traceability.Identity.Pages;

/// <summary>
/// Signs out: asked by the person here, or by a client (OpenID Connect RP-initiated logout), which is only believed
/// without a question when it shows the token it got for this person.
/// </summary>
internal sealed class SignOutModel(SignInManager<User> sessions, ClientManager clients) : IdentityPage(clients)
{
    private const string DonePath = $"{Provider.EndSessionPath}?done=true";

    [BindProperty(SupportsGet = true)]
    public bool Done { get; set; }

    /// <summary>What the client has sent, to go with the person's answer.</summary>
    public new IEnumerable<KeyValuePair<string, string?>> Request { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync()
    {
        if (Done)
        {
            return Page();
        }

        var request = HttpContext.GetOpenIddictServerRequest();
        if (request?.IdTokenHint is not null && await IsOfThisPersonAsync())
        {
            return await SignOutAsync();
        }

        Request = request?.GetParameters().Select(one => KeyValuePair.Create(one.Key, (string?)one.Value)) ?? [];
        if (Uri.TryCreate(request?.PostLogoutRedirectUri, UriKind.Absolute, out var target))
        {
            // The provider has held it against those of the client.
            PageHeaders.AllowFormTarget(HttpContext, target);
        }

        return Page();
    }

    public Task<IActionResult> OnPostAsync() => SignOutAsync();

    private async Task<bool> IsOfThisPersonAsync()
    {
        var hint = await HttpContext.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        var session = await HttpContext.AuthenticateAsync(IdentityConstants.ApplicationScheme);
        return !session.Succeeded
            || hint.Principal?.GetClaim(Claims.Subject) == sessions.UserManager.GetUserId(session.Principal);
    }

    /// <summary>On to where the client wants the person, if it may; else to a page that says so.</summary>
    private async Task<IActionResult> SignOutAsync()
    {
        await sessions.SignOutAsync();
        return SignOut(
            new AuthenticationProperties { RedirectUri = DonePath },
            OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }
}
