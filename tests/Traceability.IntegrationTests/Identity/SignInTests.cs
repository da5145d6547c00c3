using System.Net;
using Microsoft.IdentityModel.JsonWebTokens;
using Traceability.Contracts.Broker.V1;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>How people get in, as a browser and a client see it.</summary>
public sealed class SignInTests(SignInFederation federation) : IClassFixture<SignInFederation>
{
    private const string Password = "four calm words here";

    private LocalFederation Processes => federation.Live.Processes;

    private Company Company => Processes.Company("A");

    private string Node => Processes.Node("A");

    private CancellationToken Deadline => federation.Live.Deadline;

    [Theory]
    [InlineData("en", "Set your password")]
    [InlineData("ja", "パスワードの設定")]
    public async Task An_invited_person_sets_a_password_and_comes_back_to_the_client_with_a_code(string language, string title)
    {
        using var provider = await FindAsync();
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var pages = await administrator.PagesAsync(Node);
        var invited = await administrator.InviteAsync(Company, "clerk", Node);
        using var browser = new Browser(Processes, Deadline, language);
        var (path, verifier) = provider.Authorization(pages.Id, Node);

        // The client sends the person here; who is not signed in sees the sign-in page, and goes on with a code.
        await browser.GetAsync(path);
        await browser.FollowAsync();
        Assert.Contains($"lang=\"{language}\"", browser.Page, StringComparison.Ordinal);
        var way = browser.Last.RequestMessage!.RequestUri!.Query;
        await browser.GetAsync($"{new Uri(invited.PageUri).AbsolutePath}{way}");
        Assert.Contains(title, browser.Page, StringComparison.Ordinal);
        await browser.SubmitAsync(new()
        {
            ["name"] = invited.User.Name,
            ["code"] = invited.OneTimeCode.ToLowerInvariant().Replace('-', ' '),
            ["password"] = Password,
            ["again"] = Password,
        });
        await browser.FollowAsync();

        Assert.StartsWith($"{Provider.Redirect}?", $"{browser.Location}", StringComparison.Ordinal);
        Assert.Equal(("where-we-were", $"{Processes.Broker}/"), (browser.Answer()["state"], browser.Answer()["iss"]));
        var (status, answer) = await provider.RedeemAsync(pages, browser.Answer()["code"], verifier);
        Assert.Equal(HttpStatusCode.OK, status);
        var token = new JsonWebToken(answer.GetProperty("access_token").GetString());
        Assert.Equal((invited.User.UserId, "ES256"), (token.Subject, token.Alg));
        Assert.Equal([Node], token.Audiences);
        Assert.Equal(
            ($"{Company.OperatorId}", "clerk", pages.Id),
            (token.GetClaim("operator_id").Value, token.GetClaim("roles").Value, token.GetClaim("client_id").Value));
        var identity = new JsonWebToken(answer.GetProperty("id_token").GetString());
        Assert.Equal([pages.Id], identity.Audiences);
        Assert.Equal(
            (invited.User.UserId, "Sato Hanako"), (identity.Subject, identity.GetClaim("name").Value));

        // The token opens the node, and what is done there carries the person's name.
        using var clerk = FederationClient.Connect(Processes, Node, answer.GetProperty("access_token").GetString()!, null);
        await new PartService.PartServiceClient(clerk.Channel).ListPartsAsync(new(), clerk.Call);

        // The code of the invitation is used up, and so is that of the sign-in.
        using var again = new Browser(Processes, Deadline);
        await again.GetAsync("/identity/first-password");
        await again.SubmitAsync(new()
        {
            ["name"] = invited.User.Name,
            ["code"] = invited.OneTimeCode,
            ["password"] = Password,
            ["again"] = Password,
        });
        Assert.Contains("role=\"alert\"", again.Page, StringComparison.Ordinal);
        var (second, _) = await provider.RedeemAsync(pages, browser.Answer()["code"], verifier);
        Assert.Equal(HttpStatusCode.BadRequest, second);
    }

    [Fact]
    public async Task Whoever_is_signed_in_is_not_asked_again_unless_the_client_wants_it()
    {
        using var provider = await FindAsync();
        var (browser, pages, user) = await SignedInAsync(provider);
        using (browser)
        {
            await browser.GetAsync(provider.Authorization(pages.Id, Node).Path);
            Assert.Contains("code", browser.Answer());
            await browser.GetAsync(provider.Authorization(pages.Id, Node, ("prompt", "none")).Path);
            Assert.Contains("code", browser.Answer());

            await browser.GetAsync(provider.Authorization(pages.Id, Node, ("prompt", "login")).Path);
            Assert.StartsWith("/identity/sign-in", $"{browser.Location}", StringComparison.Ordinal);
            await browser.GetAsync(provider.Authorization(pages.Id, Node, ("max_age", "0")).Path);
            Assert.StartsWith("/identity/sign-in", $"{browser.Location}", StringComparison.Ordinal);

            // Having signed in fulfils it.
            await browser.FollowAsync();
            await browser.SubmitAsync(new() { ["name"] = user.Name, ["password"] = Password });
            await browser.FollowAsync();
            Assert.Contains("code", browser.Answer());
        }

        using var stranger = new Browser(Processes, Deadline);
        await stranger.GetAsync(provider.Authorization(pages.Id, Node, ("prompt", "none")).Path);
        Assert.Equal("login_required", stranger.Answer()["error"]);
    }

    [Fact]
    public async Task A_code_is_only_for_who_has_the_verifier_and_only_with_one()
    {
        using var provider = await FindAsync();
        var (browser, pages, _) = await SignedInAsync(provider);
        using var _ = browser;

        await browser.GetAsync(
            provider.Authorization(pages.Id, Node, ("code_challenge", null), ("code_challenge_method", null)).Path);
        Refused(browser, "invalid_request");
        await browser.GetAsync(provider.Authorization(pages.Id, Node, ("code_challenge_method", "plain")).Path);
        Refused(browser, "invalid_request");

        var (path, verifier) = provider.Authorization(pages.Id, Node);
        await browser.GetAsync(path);
        var code = browser.Answer()["code"];
        var (wrong, refused) = await provider.RedeemAsync(pages, code, new string('x', 43));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (wrong, refused.GetProperty("error").GetString()));
        var (stolen, _) = await provider.RedeemAsync((pages.Id, new string('0', 64)), code, verifier);
        Assert.Equal(HttpStatusCode.Unauthorized, stolen);
    }

    [Fact]
    public async Task A_person_gets_tokens_for_the_servers_that_both_person_and_client_may_work_with()
    {
        using var provider = await FindAsync();
        var (browser, pages, user) = await SignedInAsync(provider);
        using var _ = browser;
        using var administrator = await Administrator.StartAsync(Processes, Deadline);

        // The client may not; nor may one who names none, or several.
        await browser.GetAsync(provider.Authorization(pages.Id, Processes.Broker).Path);
        Refused(browser, "invalid_target");
        await browser.GetAsync(provider.Authorization(pages.Id, Node, ("resource", null)).Path);
        Refused(browser, "invalid_target");

        // The person may not.
        await administrator.Identity.ChangeUserResourcesAsync(
            new() { UserId = user.UserId, Resources = { Processes.Broker } }, administrator.Call);
        await browser.GetAsync(provider.Authorization(pages.Id, Node).Path);
        Assert.Equal("invalid_target", browser.Answer()["error"]);

        // A client of one company is for its own people.
        var others = await administrator.PagesAsync(Processes.Broker, $"{Guid.CreateVersion7()}");
        await browser.GetAsync(provider.Authorization(others.Id, Processes.Broker).Path);
        Assert.Equal("access_denied", browser.Answer()["error"]);
    }

    [Fact]
    public async Task Refresh_tokens_rotate_and_one_that_comes_twice_ends_the_sign_in()
    {
        using var provider = await FindAsync();
        var (browser, pages, user) = await SignedInAsync(provider);
        using var _ = browser;
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var first = await TokensAsync(provider, browser, pages);

        await administrator.Identity.ChangeUserRolesAsync(
            new() { UserId = user.UserId, Roles = { "manager", "approver" } }, administrator.Call);
        var (status, second) = await provider.RefreshAsync(pages, first.GetProperty("refresh_token").GetString()!);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotEqual(first.GetProperty("refresh_token").GetString(), second.GetProperty("refresh_token").GetString());
        var renewed = new JsonWebToken(second.GetProperty("access_token").GetString());
        Assert.Equal([Node], renewed.Audiences);
        Assert.Equal(
            ["approver", "manager"],
            renewed.Claims.Where(claim => claim.Type == "roles").Select(claim => claim.Value).Order(StringComparer.Ordinal));

        // For another server it is of no use.
        var (other, target) = await provider.RefreshAsync(
            pages, second.GetProperty("refresh_token").GetString()!, ("resource", Processes.Broker));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_target"), (other, target.GetProperty("error").GetString()));

        // Whoever has stolen the first one is found out, and nobody gets anything any more.
        var (reused, refused) = await provider.RefreshAsync(pages, first.GetProperty("refresh_token").GetString()!);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (reused, refused.GetProperty("error").GetString()));
        var (rest, _) = await provider.RefreshAsync(pages, second.GetProperty("refresh_token").GetString()!);
        Assert.Equal(HttpStatusCode.BadRequest, rest);
    }

    [Fact]
    public async Task A_server_that_is_allowed_no_more_is_out_of_reach_at_the_next_renewal()
    {
        using var provider = await FindAsync();
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var (first, clientsRight, _) = await SignedInAsync(provider);
        var (second, personsRight, user) = await SignedInAsync(provider);
        using var _ = first;
        using var __ = second;
        var ofClient = (await TokensAsync(provider, first, clientsRight)).GetProperty("refresh_token").GetString()!;
        var ofPerson = (await TokensAsync(provider, second, personsRight)).GetProperty("refresh_token").GetString()!;

        await administrator.Identity.ChangeClientResourcesAsync(
            new() { ClientId = clientsRight.Id, Resources = { Processes.Broker } }, administrator.Call);
        await administrator.Identity.ChangeUserResourcesAsync(
            new() { UserId = user.UserId, Resources = { Processes.Broker } }, administrator.Call);

        foreach (var (pages, token) in new[] { (clientsRight, ofClient), (personsRight, ofPerson) })
        {
            var (status, answer) = await provider.RefreshAsync(pages, token);
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (status, answer.GetProperty("error").GetString()));
        }
    }

    [Fact]
    public async Task A_person_can_run_the_federation_and_sees_nothing_of_its_members()
    {
        using var provider = await FindAsync();
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var pages = await administrator.PagesAsync(Processes.Broker);
        var invited = await administrator.Identity.InviteUserAsync(
            new()
            {
                User = new()
                {
                    UserId = $"{Guid.CreateVersion7()}",
                    Name = "administrator@example.com",
                    DisplayName = "Tanaka Jiro",
                    Roles = { "administrator" },
                    Resources = { Processes.Broker, Node },
                },
            },
            administrator.Call);
        using var browser = await FirstSignInAsync(invited);
        var token = (await TokensAsync(provider, browser, pages, Processes.Broker)).GetProperty("access_token").GetString()!;

        Assert.Equal("", new JsonWebToken(token).GetClaim("operator_id").Value);
        using var broker = FederationClient.Connect(Processes, Processes.Broker, token, Processes.AdministratorCertificate);
        await new IdentityService.IdentityServiceClient(broker.Channel).ListUsersAsync(new(), broker.Call);

        var atNode = await administrator.PagesAsync(Node);
        token = (await TokensAsync(provider, browser, atNode)).GetProperty("access_token").GetString()!;
        using var node = FederationClient.Connect(Processes, Node, token, null);
        var refused = await Assert.ThrowsAsync<Grpc.Core.RpcException>(
            () => new PartService.PartServiceClient(node.Channel).ListPartsAsync(new(), node.Call).ResponseAsync);
        Assert.Equal("ROLE_MISSING", Refusals.Reason(refused));
    }

    [Fact]
    public async Task A_refresh_token_can_be_revoked_and_a_lock_ends_everything_at_once()
    {
        using var provider = await FindAsync();
        var (browser, pages, user) = await SignedInAsync(provider);
        using var _ = browser;
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var revoked = (await TokensAsync(provider, browser, pages)).GetProperty("refresh_token").GetString()!;
        var kept = (await TokensAsync(provider, browser, pages)).GetProperty("refresh_token").GetString()!;

        var (status, _) = await provider.PostAsync(
            "revocation", ("client_id", pages.Id), ("client_secret", pages.Secret), ("token", revoked));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(HttpStatusCode.BadRequest, (await provider.RefreshAsync(pages, revoked)).Status);
        var (good, renewed) = await provider.RefreshAsync(pages, kept);
        Assert.Equal(HttpStatusCode.OK, good);

        await administrator.Identity.LockUserAsync(new() { UserId = user.UserId }, administrator.Call);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await provider.RefreshAsync(pages, renewed.GetProperty("refresh_token").GetString()!)).Status);
        await browser.GetAsync(provider.Authorization(pages.Id, Node).Path);
        Assert.StartsWith("/identity/sign-in", $"{browser.Location}", StringComparison.Ordinal);
        Assert.False(await ComesInAsync(user.Name, Password));

        await administrator.Identity.UnlockUserAsync(new() { UserId = user.UserId }, administrator.Call);
        Assert.True(await ComesInAsync(user.Name, Password));
    }

    [Fact]
    public async Task Wrong_passwords_lock_out_one_name_and_no_other()
    {
        using var provider = await FindAsync();
        var (first, _, victim) = await SignedInAsync(provider);
        var (second, _, bystander) = await SignedInAsync(provider);
        first.Dispose();
        second.Dispose();

        for (var attempt = 0; attempt < SignInFederation.Failures; attempt++)
        {
            Assert.False(await ComesInAsync(victim.Name, "not the password at all"));
        }

        Assert.False(await ComesInAsync(victim.Name, Password));
        Assert.True(await ComesInAsync(bystander.Name, Password));

        // It ends by itself, and whoever comes in right starts anew.
        await Wait.UntilAsync(() => ComesInAsync(victim.Name, Password), Deadline);
        Assert.False(await ComesInAsync(victim.Name, "not the password at all"));
        Assert.True(await ComesInAsync(victim.Name, Password));
    }

    [Fact]
    public async Task Many_attempts_at_once_are_no_more_than_one_after_the_other()
    {
        await using var source = Npgsql.NpgsqlDataSource.Create(Processes.ConnectionString(Processes.BrokerDatabase));
        using var attempts = new Traceability.Identity.Attempts(TimeProvider.System, strangersPerMinute: 1000);
        var failures = new Traceability.Identity.Users.FailedSignIns(
            new(source), new() { PasswordFailures = 5, LockOut = TimeSpan.FromMinutes(5) }, new(attempts, attempts),
            TimeProvider.System);
        var name = $"{Guid.CreateVersion7()}";

        var admitted = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => failures.AdmitAsync(name, "here", Deadline)));

        Assert.Equal(5, admitted.Count(one => one));
        Assert.True(await failures.AdmitAsync(name, "there", Deadline));
        await failures.ForgetAsync(name, Deadline);
        Assert.True(await failures.AdmitAsync(name, "here", Deadline));

        // From everywhere together a name is not tried for ever, either.
        var everywhere = await Task.WhenAll(Enumerable.Range(0, 80).Select(
            number => failures.AdmitAsync(name, $"address {number}", Deadline)));
        Assert.Equal(49, everywhere.Count(one => one));
    }

    [Fact]
    public async Task Nobody_learns_who_exists()
    {
        using var provider = await FindAsync();
        var (known, _, user) = await SignedInAsync(provider);
        known.Dispose();
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var invited = await administrator.InviteAsync(Company, "clerk", Node);
        var pages = new List<string>();
        foreach (var name in new[] { user.Name, invited.User.Name, "nobody@example.com", "no one / at all" })
        {
            using var browser = new Browser(Processes, Deadline);
            await browser.GetAsync("/identity/sign-in");
            await browser.SubmitAsync(new() { ["name"] = name, ["password"] = "wrong in any case" });
            pages.Add(Masked(browser, name));
        }

        Assert.Single(pages.Distinct());
        Assert.Contains("role=\"alert\"", pages[0], StringComparison.Ordinal);

        // What no text can be is the browser's mistake, and no fault of the server.
        using var broken = new Browser(Processes, Deadline);
        await broken.GetAsync("/identity/sign-in");
        await broken.SubmitAsync(new() { ["name"] = "\0", ["password"] = "wrong in any case" });
        Assert.Equal(HttpStatusCode.BadRequest, broken.Last.StatusCode);
        await broken.GetAsync(provider.Authorization("\0", Node).Path);
        Assert.Equal(HttpStatusCode.BadRequest, broken.Last.StatusCode);
    }

    [Fact]
    public async Task Pages_are_closed_to_frames_scripts_and_forgers()
    {
        using var browser = new Browser(Processes, Deadline);
        foreach (var path in new[] { "/identity/sign-in", "/identity/first-password", "/identity/sign-out" })
        {
            await browser.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, browser.Last.StatusCode);
            var policy = Header("Content-Security-Policy");
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.Contains("script-src 'self'", policy, StringComparison.Ordinal);
            Assert.Contains("form-action 'self'", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal(("DENY", "nosniff"), (Header("X-Frame-Options"), Header("X-Content-Type-Options")));
            Assert.Contains("no-store", Header("Cache-Control"), StringComparison.Ordinal);
            Assert.DoesNotContain("style=", browser.Page, StringComparison.Ordinal);
            Assert.DoesNotMatch("<script(?! src=\"/identity/)", browser.Page);
        }

        await browser.GetAsync("/identity/sign-in");
        await browser.PostAsync("/identity/sign-in", new() { ["name"] = "a", ["password"] = "b" });
        Assert.Equal(HttpStatusCode.BadRequest, browser.Last.StatusCode);

        string Header(string name) => string.Join(
            ",", browser.Last.Headers.TryGetValues(name, out var values) ? values : []);
    }

    [Theory]
    [InlineData("https://evil.example.com/")]
    [InlineData("//evil.example.com/")]
    [InlineData("/\\evil.example.com/")]
    [InlineData("/health/live")]
    [InlineData("/identity/authorize/../../health/live")]
    public async Task Nobody_is_led_away_after_signing_in(string target)
    {
        using var provider = await FindAsync();
        var (known, _, user) = await SignedInAsync(provider);
        known.Dispose();
        using var browser = new Browser(Processes, Deadline);
        await browser.GetAsync($"/identity/sign-in?returnUrl={Uri.EscapeDataString(target)}");
        await browser.SubmitAsync(new() { ["name"] = user.Name, ["password"] = Password });

        Assert.Equal("/identity/passkeys", $"{browser.Location}");
    }

    [Fact]
    public async Task A_code_goes_only_where_the_client_is_known_to_wait()
    {
        using var provider = await FindAsync();
        var (browser, pages, _) = await SignedInAsync(provider);
        using var _ = browser;

        await browser.GetAsync(provider.Authorization(pages.Id, Node, ("redirect_uri", "https://evil.example.com/")).Path);
        Assert.Null(browser.Location);
        Assert.Equal(HttpStatusCode.BadRequest, browser.Last.StatusCode);

        // Nor does a page that only claims to lead to one allow its form to go there.
        using var stranger = new Browser(Processes, Deadline);
        var forged = "/identity/authorize?client_id=" + pages.Id + "&redirect_uri=https://evil.example.com/";
        await stranger.GetAsync($"/identity/sign-in?returnUrl={Uri.EscapeDataString(forged)}");
        var policy = string.Join(',', stranger.Last.Headers.GetValues("Content-Security-Policy"));
        Assert.DoesNotContain("evil", policy, StringComparison.Ordinal);
        await stranger.GetAsync($"/identity/sign-in?returnUrl={Uri.EscapeDataString(provider.Authorization(pages.Id, Node).Path)}");
        policy = string.Join(',', stranger.Last.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("form-action 'self' https://pages.example.com;", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_out_is_asked_for_here_and_believed_from_a_client_that_shows_its_token()
    {
        using var provider = await FindAsync();
        var (browser, pages, user) = await SignedInAsync(provider);
        using var _ = browser;
        var tokens = await TokensAsync(provider, browser, pages);

        // A link from anywhere only asks.
        await browser.GetAsync(new Uri(provider.Endpoint("end_session")).AbsolutePath);
        Assert.Contains("Do you want to sign out?", browser.Page, StringComparison.Ordinal);
        await browser.GetAsync("/identity/passkeys");
        Assert.Equal(HttpStatusCode.OK, browser.Last.StatusCode);

        await browser.GetAsync(
            $"{new Uri(provider.Endpoint("end_session")).AbsolutePath}?id_token_hint={tokens.GetProperty("id_token")}"
            + $"&post_logout_redirect_uri={Uri.EscapeDataString(Provider.Redirect)}&state=bye");
        Assert.StartsWith($"{Provider.Redirect}?state=bye", $"{browser.Location}", StringComparison.Ordinal);
        await browser.GetAsync("/identity/passkeys");
        Assert.Equal(HttpStatusCode.Found, browser.Last.StatusCode);

        // And by hand.
        Assert.True(await ComesInAsync(user.Name, Password, browser));
        await browser.GetAsync("/identity/sign-out");
        await browser.SubmitAsync([]);
        await browser.FollowAsync();
        Assert.Contains("You are signed out.", browser.Page, StringComparison.Ordinal);
        await browser.GetAsync("/identity/passkeys");
        Assert.Equal(HttpStatusCode.Found, browser.Last.StatusCode);
    }

    [Fact]
    public async Task A_first_password_is_long_enough_and_typed_twice_the_same()
    {
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var invited = await administrator.InviteAsync(Company, "clerk", Node);
        using var browser = new Browser(Processes, Deadline);
        await browser.GetAsync("/identity/first-password");

        await SetAsync("short", "short");
        Assert.Contains("At least 12 characters", browser.Page, StringComparison.Ordinal);
        await SetAsync(Password, "four calm words there");
        Assert.Contains("not the same", browser.Page, StringComparison.Ordinal);
        await SetAsync("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa");
        Assert.Contains("role=\"alert\"", browser.Page, StringComparison.Ordinal);

        // None of that has used the code up.
        await SetAsync(Password, Password);
        Assert.Equal("/identity/passkeys", $"{browser.Location}");

        Task SetAsync(string password, string again) => browser.SubmitAsync(new()
        {
            ["name"] = invited.User.Name,
            ["code"] = invited.OneTimeCode,
            ["password"] = password,
            ["again"] = again,
        });
    }

    [Fact]
    public async Task A_reset_takes_the_password_away_and_leads_to_a_new_one()
    {
        using var provider = await FindAsync();
        var (browser, _, user) = await SignedInAsync(provider);
        using var _ = browser;
        using var administrator = await Administrator.StartAsync(Processes, Deadline);

        var reset = await administrator.Identity.ResetUserAsync(new() { UserId = user.UserId }, administrator.Call);

        Assert.Equal(UserStatus.Invited, reset.User.Status);
        await browser.GetAsync("/identity/passkeys");
        Assert.Equal(HttpStatusCode.Found, browser.Last.StatusCode);
        Assert.False(await ComesInAsync(user.Name, Password));
        await browser.GetAsync("/identity/first-password");
        await browser.SubmitAsync(new()
        {
            ["name"] = user.Name,
            ["code"] = reset.OneTimeCode,
            ["password"] = "another four calm words",
            ["again"] = "another four calm words",
        });
        Assert.True(await ComesInAsync(user.Name, "another four calm words"));

        await administrator.Identity.RetireUserAsync(new() { UserId = user.UserId }, administrator.Call);
        Assert.False(await ComesInAsync(user.Name, "another four calm words"));
    }

    private Task<Provider> FindAsync() => Provider.FindAsync(Processes.Broker, Processes, Deadline);

    /// <summary>A person with a password who is signed in, and a client through which.</summary>
    private async Task<(Browser Browser, (string Id, string Secret) Pages, IdentityUser User)> SignedInAsync(Provider provider)
    {
        using var administrator = await Administrator.StartAsync(Processes, Deadline);
        var pages = await administrator.PagesAsync(Node);
        var invited = await administrator.InviteAsync(Company, "clerk", Node);
        var browser = await FirstSignInAsync(invited);
        Assert.NotNull(provider);
        return (browser, pages, invited.User);
    }

    private async Task<Browser> FirstSignInAsync(InviteUserResponse invited)
    {
        var browser = new Browser(Processes, Deadline);
        await browser.GetAsync("/identity/first-password");
        await browser.SubmitAsync(new()
        {
            ["name"] = invited.User.Name,
            ["code"] = invited.OneTimeCode,
            ["password"] = Password,
            ["again"] = Password,
        });
        Assert.Equal("/identity/passkeys", $"{browser.Location}");
        return browser;
    }

    private async Task<System.Text.Json.JsonElement> TokensAsync(
        Provider provider, Browser browser, (string Id, string Secret) pages, string? server = null)
    {
        var (path, verifier) = provider.Authorization(pages.Id, server ?? Node);
        await browser.GetAsync(path);
        var (status, answer) = await provider.RedeemAsync(pages, browser.Answer()["code"], verifier);
        Assert.Equal(HttpStatusCode.OK, status);
        return answer;
    }

    private async Task<bool> ComesInAsync(string name, string password, Browser? browser = null)
    {
        using var fresh = new Browser(Processes, Deadline);
        var used = browser ?? fresh;
        await used.GetAsync("/identity/sign-in");
        await used.SubmitAsync(new() { ["name"] = name, ["password"] = password });
        return used.Last.StatusCode == HttpStatusCode.Found;
    }

    /// <summary>A request that is not right goes nowhere, not even back.</summary>
    private static void Refused(Browser browser, string error)
    {
        Assert.Equal(HttpStatusCode.BadRequest, browser.Last.StatusCode);
        Assert.Contains($"error:{error}", browser.Page, StringComparison.Ordinal);
    }

    private static string Masked(Browser browser, string name) =>
        $"{browser.Last.StatusCode} " + browser.Page.Replace(name, "...", StringComparison.Ordinal).Replace(
            browser.AntiForgeryToken(), "...", StringComparison.Ordinal);
}

/// <summary>A federation of one company, where little is needed to be locked out, and little patience.</summary>
public sealed class SignInFederation : IAsyncLifetime
{
    public const int Failures = 3;

    public LiveFederation Live { get; private set; } = null!;

    public async Task InitializeAsync() => Live = await LiveFederation.StartAsync(
        [new("A", "A")],
        new(Identity: new Dictionary<string, string>
        {
            ["PasswordFailures"] = $"{Failures}",
            ["LockOut"] = "00:00:05",
            ["SignInsPerMinute"] = "100000",
        }));

    public async Task DisposeAsync() => await Live.DisposeAsync();
}
