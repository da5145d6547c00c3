using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Traceability.Hosting;
using Traceability.Identity.Clients;
using Traceability.Identity.Storage;
using Traceability.Identity.Users;

namespace Traceability.Identity.Pages;

/// <summary>Signs in with a password or a passkey.</summary>
internal sealed class SignInModel(Entrance entrance, SignInManager<User> sessions, ClientManager clients)
    : IdentityPage(clients)
{
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    [BindProperty]
    public string? Credential { get; set; }

    public bool Refused { get; private set; }

    public Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => ShowAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        var network = Networks.Of(HttpContext.Connection.RemoteIpAddress);
        if (await entrance.WithPasswordAsync(Name ?? "", Password ?? "", network, cancellationToken))
        {
            return GoOn();
        }

        Refused = true;
        return await ShowAsync(cancellationToken);
    }

    /// <summary>What the browser needs to ask for a passkey. It names nobody: the passkey says whose it is.</summary>
    public async Task<IActionResult> OnPostOptionsAsync() =>
        Content(await sessions.MakePasskeyRequestOptionsAsync(null), "application/json");

    public async Task<IActionResult> OnPostPasskeyAsync(CancellationToken cancellationToken)
    {
        if (await entrance.WithPasskeyAsync(Credential ?? ""))
        {
            return GoOn();
        }

        Refused = true;
        return await ShowAsync(cancellationToken);
    }
}
