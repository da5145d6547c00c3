using System.Net;
using Traceability.Contracts.Broker.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>Signing in without a password, with an authenticator that answers as a browser would.</summary>
public sealed class PasskeyTests(SignInFederation federation) : IClassFixture<SignInFederation>
{
    private const string Password = "four calm words here";

    private LocalFederation Processes => federation.Live.Processes;

    [Fact]
    public async Task A_passkey_signs_in_also_where_the_password_is_locked_out_and_not_where_the_person_is()
    {
        using var administrator = await Administrator.StartAsync(Processes, federation.Live.Deadline);
        using var authenticator = new SoftwareAuthenticator(Processes.Broker);
        var user = await WithPasskeyAsync(administrator, authenticator);

        using (var browser = NewBrowser())
        {
            Assert.True(await ComesInAsync(browser, authenticator));
            await browser.FollowAsync();
            Assert.Contains("office laptop", browser.Page, StringComparison.Ordinal);
        }

        // Whoever guesses at the password keeps nobody out who has a passkey.
        for (var attempt = 0; attempt < SignInFederation.Failures; attempt++)
        {
            using var guessing = NewBrowser();
            await guessing.GetAsync("/identity/sign-in");
            await guessing.SubmitAsync(new() { ["name"] = user.Name, ["password"] = "a guess at best" });
        }

        using (var browser = NewBrowser())
        {
            Assert.True(await ComesInAsync(browser, authenticator));
        }

        await administrator.Identity.LockUserAsync(new() { UserId = user.UserId }, administrator.Call);
        using (var browser = NewBrowser())
        {
            Assert.False(await ComesInAsync(browser, authenticator));
        }
    }

    [Fact]
    public async Task A_passkey_of_somebody_else_of_another_origin_or_for_an_old_question_is_refused()
    {
        using var administrator = await Administrator.StartAsync(Processes, federation.Live.Deadline);
        using var authenticator = new SoftwareAuthenticator(Processes.Broker);
        await WithPasskeyAsync(administrator, authenticator);

        using var unknown = new SoftwareAuthenticator(Processes.Broker);
        using (var browser = NewBrowser())
        {
            Assert.False(await ComesInAsync(browser, unknown));
            Assert.Contains("role=\"alert\"", browser.Page, StringComparison.Ordinal);
        }

        // An answer that was given once is of no use for a second question.
        string old;
        using (var browser = NewBrowser())
        {
            await AskAsync(browser);
            old = authenticator.Get(browser.Json());
        }

        using (var browser = NewBrowser())
        {
            await AskAsync(browser);
            Assert.False(await AnswerAsync(browser, old));
            Assert.False(await AnswerAsync(browser, "nonsense"));
        }

        using (var browser = NewBrowser())
        {
            authenticator.Origin = Processes.Broker.Replace("127.0.0.1", "127.0.0.1.example.com", StringComparison.Ordinal);
            Assert.False(await ComesInAsync(browser, authenticator));
            authenticator.Origin = Processes.Broker;
            Assert.True(await ComesInAsync(browser, authenticator));
        }
    }

    [Fact]
    public async Task A_passkey_can_be_removed_and_a_reset_takes_all()
    {
        using var administrator = await Administrator.StartAsync(Processes, federation.Live.Deadline);
        using var first = new SoftwareAuthenticator(Processes.Broker);
        using var second = new SoftwareAuthenticator(Processes.Broker);
        await WithPasskeyAsync(administrator, first);
        var user = await WithPasskeyAsync(administrator, second);

        using (var browser = NewBrowser())
        {
            Assert.True(await ComesInAsync(browser, first));
            await browser.FollowAsync();
            await browser.SubmitAsync([], "handler=Remove");
            await browser.FollowAsync();
            Assert.Contains("You have none yet.", browser.Page, StringComparison.Ordinal);
        }

        using (var browser = NewBrowser())
        {
            Assert.False(await ComesInAsync(browser, first));
        }

        await administrator.Identity.ResetUserAsync(new() { UserId = user.UserId }, administrator.Call);
        using (var browser = NewBrowser())
        {
            Assert.False(await ComesInAsync(browser, second));
        }
    }

    [Fact]
    public async Task Only_who_is_signed_in_adds_a_passkey()
    {
        using var browser = NewBrowser();
        await browser.GetAsync("/identity/passkeys");
        Assert.Equal(HttpStatusCode.Found, browser.Last.StatusCode);
        Assert.Contains("/identity/sign-in", $"{browser.Location}", StringComparison.Ordinal);
    }

    private Browser NewBrowser() => new(Processes, federation.Live.Deadline);

    /// <summary>A person who has set a password and added a passkey.</summary>
    private async Task<IdentityUser> WithPasskeyAsync(Administrator administrator, SoftwareAuthenticator authenticator)
    {
        var invited = await administrator.InviteAsync(Processes.Company("A"), "clerk", Processes.Node("A"));
        using var browser = NewBrowser();
        await browser.GetAsync("/identity/first-password");
        await browser.SubmitAsync(new()
        {
            ["name"] = invited.User.Name,
            ["code"] = invited.OneTimeCode,
            ["password"] = Password,
            ["again"] = Password,
        });
        await browser.FollowAsync();
        var token = browser.AntiForgeryToken();
        await browser.PostAsync("/identity/passkeys?handler=Options", [], ("RequestVerificationToken", token));
        Assert.Equal(HttpStatusCode.OK, browser.Last.StatusCode);
        var credential = authenticator.Create(browser.Json());
        await browser.PostAsync(
            "/identity/passkeys?handler=Add",
            new() { ["label"] = "office laptop", ["credential"] = credential, ["__RequestVerificationToken"] = token });
        Assert.Equal(HttpStatusCode.Found, browser.Last.StatusCode);
        return invited.User;
    }

    private async Task<bool> ComesInAsync(Browser browser, SoftwareAuthenticator authenticator)
    {
        await AskAsync(browser);
        return await AnswerAsync(browser, authenticator.Get(browser.Json()));
    }

    private string _token = "";

    private async Task AskAsync(Browser browser)
    {
        await browser.GetAsync("/identity/sign-in");
        _token = browser.AntiForgeryToken();
        await browser.PostAsync("/identity/sign-in?handler=Options", [], ("RequestVerificationToken", _token));
        Assert.Equal(HttpStatusCode.OK, browser.Last.StatusCode);
    }

    private async Task<bool> AnswerAsync(Browser browser, string credential)
    {
        await browser.PostAsync(
            "/identity/sign-in?handler=Passkey",
            new() { ["credential"] = credential, ["__RequestVerificationToken"] = _token });
        return browser.Last.StatusCode == HttpStatusCode.Found;
    }
}
