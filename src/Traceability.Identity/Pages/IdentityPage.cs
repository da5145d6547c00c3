using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using OpenIddict.Abstractions;
using Traceability.Identity.Clients;

namespace Traceability.Identity.Pages;

/// <summary>What the pages have in common.</summary>
internal abstract class IdentityPage(ClientManager clients) : PageModel
{
    private const string Home = "/identity/passkeys";

    public Words Words => Words.Of(HttpContext);

    /// <summary>Where the person was on the way to; only ever the authorization endpoint.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    /// <summary>On with what the person came for, and never to another site.</summary>
    protected IActionResult GoOn() => LocalRedirect(IsWayBack ? ReturnUrl! : Home);

    /// <summary>The page with its form, which may lead to where the client waits for its answer.</summary>
    protected async Task<IActionResult> ShowAsync(CancellationToken cancellationToken)
    {
        if (IsWayBack && await ClientUriAsync(cancellationToken) is { } target)
        {
            PageHeaders.AllowFormTarget(HttpContext, target);
        }

        return Page();
    }

    private bool IsWayBack =>
        ReturnUrl is { } url && Url.IsLocalUrl(url)
        && url.StartsWith($"{Provider.AuthorizationPath}?", StringComparison.Ordinal);

    /// <summary>Only where the client is known to wait.</summary>
    private async Task<Uri?> ClientUriAsync(CancellationToken cancellationToken)
    {
        var request = QueryHelpers.ParseQuery(ReturnUrl![Provider.AuthorizationPath.Length..]);
        return request.TryGetValue(OpenIddictConstants.Parameters.ClientId, out var clientId)
            && request.TryGetValue(OpenIddictConstants.Parameters.RedirectUri, out var redirect)
            && await clients.FindByClientIdAsync($"{clientId}", cancellationToken) is { } client
            && await clients.ValidateRedirectUriAsync(client, $"{redirect}", cancellationToken)
            ? new Uri($"{redirect}")
            : null;
    }
}
