using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.WebUtilities;
using Traceability.Identity.Clients;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Pages;

/// <summary>A person's own passkeys; only for those who have signed in.</summary>
internal sealed class PasskeysModel(UserManager<User> users, SignInManager<User> sessions, ClientManager clients)
    : IdentityPage(clients)
{
    /// <summary>Nobody has more devices at hand.</summary>
    private const int MaxPasskeys = 10;

    private const int MaxLabel = 100;

    public User? Person { get; private set; }

    public IList<UserPasskeyInfo> Known { get; private set; } = [];

    public string? Problem { get; private set; }

    [BindProperty]
    public string? Label { get; set; }

    [BindProperty]
    public string? Credential { get; set; }

    [BindProperty]
    public string? Id { get; set; }

    public override async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        Person = await users.GetUserAsync(User);
        if (Person is not { MayEnter: true })
        {
            context.Result = RedirectToPage("/SignIn");
            return;
        }

        Known = await users.GetPasskeysAsync(Person);
        await next();
    }

    public IActionResult OnGet() => Page();

    public async Task<IActionResult> OnPostOptionsAsync() => Content(
        await sessions.MakePasskeyCreationOptionsAsync(new()
        {
            Id = $"{Person!.Id}",
            Name = Person.UserName!,
            DisplayName = Person.DisplayName,
        }),
        "application/json");

    public async Task<IActionResult> OnPostAddAsync()
    {
        if (Known.Count >= MaxPasskeys)
        {
            Problem = Words.TooManyPasskeys;
            return Page();
        }

        try
        {
            var answer = await sessions.PerformPasskeyAttestationAsync(Credential ?? "");
            if (answer.Succeeded && answer.UserEntity.Id == $"{Person!.Id}")
            {
                answer.Passkey.Name = Label is { Length: > 0 and <= MaxLabel } label ? label : Words.Passkeys;
                await users.AddOrUpdatePasskeyAsync(Person, answer.Passkey);
                return RedirectToPage();
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // Nothing was asked for before, or it is too old.
        }

        Problem = Words.PasskeyFailed;
        return Page();
    }

    public async Task<IActionResult> OnPostRemoveAsync()
    {
        try
        {
            await users.RemovePasskeyAsync(Person!, WebEncoders.Base64UrlDecode(Id ?? ""));
        }
        catch (FormatException)
        {
            // No passkey has such an id.
        }

        return RedirectToPage();
    }
}
