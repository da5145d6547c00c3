using Microsoft.AspNetCore.Mvc;
using Traceability.Identity.Clients;
using Traceability.Identity.Users;

namespace Traceability.Identity.Pages;

/// <summary>Sets the first password with a one-time code.</summary>
internal sealed class FirstPasswordModel(Entrance entrance, ClientManager clients) : IdentityPage(clients)
{
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Code { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    [BindProperty]
    public string? Again { get; set; }

    public string? Problem { get; private set; }

    public Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => ShowAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (Password is not { Length: > 0 and <= Entrance.MaxPassword } password || password != Again)
        {
            Problem = Password == Again ? Words.PasswordRule : Words.PasswordsDiffer;
            return await ShowAsync(cancellationToken);
        }

        switch (await entrance.WithCodeAsync(Name ?? "", Code ?? "", password))
        {
            case null:
                return GoOn();
            case []:
                Problem = Words.CodeRefused;
                break;
            default:
                Problem = Words.PasswordRule;
                break;
        }

        return await ShowAsync(cancellationToken);
    }
}
