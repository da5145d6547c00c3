using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>What administrators do with clients and users, and nobody else.</summary>
public class ManagementTests(Federation federation) : IClassFixture<Federation>
{
    private LocalFederation Processes => federation.Processes;

    [Fact]
    public async Task Nobody_but_an_administrator_manages_anything()
    {
        using var node = await FederationClient.ForNodeAsync(Processes, Story.A, federation.Deadline);
        using var auditor = await FederationClient.ForFederationAuditorAsync(Processes, federation.Deadline);
        var methods = IdentityServiceReflection.Descriptor.Services.Single().Methods;
        Assert.Equal(13, methods.Count);
        foreach (var client in new[] { node, auditor })
        {
            var identity = new IdentityService.IdentityServiceClient(client.Channel);
            foreach (var method in methods)
            {
                var call = typeof(IdentityService.IdentityServiceClient).GetMethod(
                    method.Name, [method.InputType.ClrType, typeof(CallOptions)])!;
                var request = Activator.CreateInstance(method.InputType.ClrType);
                var thrown = Assert.Throws<System.Reflection.TargetInvocationException>(
                    () => call.Invoke(identity, [request, client.Call]));
                Assert.Equal("ROLE_MISSING", Refusals.Reason(Assert.IsType<RpcException>(thrown.InnerException)));
            }
        }
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_client_is_told_at_once()
    {
        using var administrator = await StartAsync();
        var violations = await ViolationsAsync(() => administrator.Identity.RegisterClientAsync(
            new()
            {
                Client = new()
                {
                    ClientId = "not a name",
                    Kind = (ClientKind)9,
                    OperatorId = "NOBODY",
                    Roles = { "king" },
                    Resources = { "http://plain.example.com", "node" },
                },
            },
            administrator.Call).ResponseAsync);

        Assert.Equal(
            [
                "client.kind", "client.operator_id", "client.client_id", "client.roles", "client.resources[0]",
                "client.resources[1]", "client.redirect_uris",
            ],
            violations.Select(violation => violation.Field));
    }

    [Theory]
    [InlineData("", "clerk", false)]
    [InlineData("company", "administrator", false)]
    [InlineData("company", "federation_auditor", false)]
    [InlineData("company", "node", true)]
    [InlineData("", "administrator", true)]
    [InlineData("company", "approver", true)]
    public async Task Roles_of_a_company_need_one_and_those_of_the_federation_none(string company, string role, bool right)
    {
        using var administrator = await StartAsync();
        var request = new RegisterClientRequest
        {
            Client = new()
            {
                ClientId = $"{Guid.CreateVersion7():n}",
                Kind = ClientKind.Program,
                OperatorId = company.Length > 0 ? $"{Guid.CreateVersion7()}" : "",
                Roles = { role },
                Resources = { Processes.Broker },
            },
        };

        if (right)
        {
            await administrator.Identity.RegisterClientAsync(request, administrator.Call);
            return;
        }

        var violation = Assert.Single(await ViolationsAsync(
            () => administrator.Identity.RegisterClientAsync(request, administrator.Call).ResponseAsync));
        Assert.Equal("client.roles[0]", violation.Field);
    }

    [Fact]
    public async Task Registering_twice_is_registering_once_and_shows_the_secret_once()
    {
        using var administrator = await StartAsync();
        var client = NewClient("twice");

        var first = await RegisterAsync(client);
        var second = await RegisterAsync(client);
        var taken = client.Clone();
        taken.Resources.Add(Processes.Node(Story.B));
        var refused = await Assert.ThrowsAsync<RpcException>(() => RegisterAsync(taken));

        Assert.Equal((64, 0), (first.ClientSecret.Length, second.ClientSecret.Length));
        Assert.Equal(first.Client, second.Client);
        Assert.Equal("ALREADY_EXISTS", Refusals.Reason(refused));
        Assert.Equal("twice", Refusals.Info(refused).Metadata["client_id"]);

        // Many at once, too.
        var many = NewClient("many-at-once");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RegisterAsync(many)));
        Assert.Single(answers, answer => answer.ClientSecret.Length > 0);

        async Task<RegisterClientResponse> RegisterAsync(IdentityClient wanted) =>
            await administrator.Identity.RegisterClientAsync(new() { Client = wanted }, administrator.Call);
    }

    [Fact]
    public async Task A_retired_client_stays_so()
    {
        using var administrator = await StartAsync();
        await administrator.Identity.RegisterClientAsync(new() { Client = NewClient("gone") }, administrator.Call);

        var retired = await administrator.Identity.RetireClientAsync(new() { ClientId = "gone" }, administrator.Call);
        var again = await administrator.Identity.RetireClientAsync(new() { ClientId = "gone" }, administrator.Call);

        Assert.NotNull(retired.Client.RetireTime);
        Assert.Equal(retired, again);
        foreach (var id in new[] { "gone", "never-there" })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => administrator.Identity.RotateClientSecretAsync(
                new() { ClientId = id }, administrator.Call).ResponseAsync);
            Assert.Equal("NOT_DISCLOSED", Refusals.Reason(refused));
        }

        var list = await administrator.Identity.ListClientsAsync(new() { PageSize = 1000 }, administrator.Call);
        Assert.NotNull(Assert.Single(list.Clients, client => client.ClientId == "gone").RetireTime);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        using var administrator = await StartAsync();
        await administrator.InviteAsync(Processes.Company(Story.A), "clerk", Processes.Node(Story.A));
        await administrator.InviteAsync(Processes.Company(Story.A), "clerk", Processes.Node(Story.A));
        var all = await administrator.Identity.ListClientsAsync(new() { PageSize = 1000 }, administrator.Call);
        List<string> clients = [], users = [];
        var (clientsAfter, usersAfter) = ("", "");
        do
        {
            var page = await administrator.Identity.ListClientsAsync(
                new() { PageSize = 2, PageToken = clientsAfter }, administrator.Call);
            clients.AddRange(page.Clients.Select(client => client.ClientId));
            clientsAfter = page.NextPageToken;
        }
        while (clientsAfter.Length > 0);
        do
        {
            var page = await administrator.Identity.ListUsersAsync(
                new() { PageSize = 1, PageToken = usersAfter }, administrator.Call);
            users.AddRange(page.Users.Select(user => user.UserId));
            usersAfter = page.NextPageToken;
        }
        while (usersAfter.Length > 0);

        Assert.True(clients.Count >= 11, $"{clients.Count}");
        Assert.Equal(clients.Order(StringComparer.Ordinal).Distinct(), clients);
        Assert.Equal(all.Clients.Select(client => client.ClientId).Intersect(clients).Count(), all.Clients.Count);
        Assert.True(users.Count >= 2, $"{users.Count}");
        Assert.Equal(users.Distinct(), users);
        var violations = await ViolationsAsync(() => administrator.Identity.ListUsersAsync(
            new() { PageSize = -1, PageToken = "nonsense" }, administrator.Call).ResponseAsync);
        Assert.Equal(["page_size", "page_token"], violations.Select(violation => violation.Field));
    }

    [Fact]
    public async Task Users_are_invited_once_under_one_name()
    {
        using var administrator = await StartAsync();
        var invited = await administrator.InviteAsync(Processes.Company(Story.A), "manager", Processes.Node(Story.A));
        var user = invited.User.Clone();

        Assert.Matches("^([A-Z2-9]{5}-){4}[A-Z2-9]{5}$", invited.OneTimeCode);
        Assert.StartsWith(Processes.Broker, invited.PageUri, StringComparison.Ordinal);
        Assert.Equal(UserStatus.Invited, user.Status);
        var again = await administrator.Identity.InviteUserAsync(new() { User = user }, administrator.Call);
        Assert.Equal(("", user), (again.OneTimeCode, again.User));

        user.UserId = $"{Guid.CreateVersion7()}";
        user.Name = user.Name.ToUpperInvariant();
        var refused = await Assert.ThrowsAsync<RpcException>(() => administrator.Identity.InviteUserAsync(
            new() { User = user }, administrator.Call).ResponseAsync);
        Assert.Equal("ALREADY_EXISTS", Refusals.Reason(refused));
        var violations = await ViolationsAsync(() => administrator.Identity.InviteUserAsync(
            new() { User = new() { UserId = "x", Name = "a b", OperatorId = user.OperatorId, Roles = { "node" } } },
            administrator.Call).ResponseAsync);
        Assert.Equal(
            ["user.user_id", "user.name", "user.display_name", "user.roles[0]", "user.resources"],
            violations.Select(violation => violation.Field));

        var stored = await federation.RowsAsync(Processes.BrokerDatabase, "select to_jsonb(u)::text from identity.users u");
        Assert.DoesNotContain(invited.OneTimeCode, string.Join('\n', stored), StringComparison.Ordinal);
        Assert.DoesNotContain(invited.OneTimeCode, Processes.Log("broker"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_administrators_at_once_undo_nothing_of_each_other()
    {
        using var administrator = await StartAsync();
        var invited = await administrator.InviteAsync(Processes.Company(Story.A), "clerk", Processes.Node(Story.A));
        var (identity, call, id) = (administrator.Identity, administrator.Call, invited.User.UserId);

        await Task.WhenAll(
            [
                identity.LockUserAsync(new() { UserId = id }, call).ResponseAsync,
                identity.ChangeUserRolesAsync(new() { UserId = id, Roles = { "auditor" } }, call).ResponseAsync,
                .. Enumerable.Range(0, 6).Select(number => (Task)identity.ChangeUserResourcesAsync(
                    new() { UserId = id, Resources = { $"https://node-{number}.example.com" } }, call).ResponseAsync),
            ]);

        var users = await identity.ListUsersAsync(new() { PageSize = 1000 }, call);
        var user = Assert.Single(users.Users, user => user.UserId == id);
        Assert.Equal(UserStatus.Locked, user.Status);
        Assert.Equal(["auditor"], user.Roles);
        Assert.Single(user.Resources);
    }

    [Fact]
    public async Task What_is_not_there_is_not_disclosed()
    {
        using var administrator = await StartAsync();
        var (identity, call, id) = (administrator.Identity, administrator.Call, $"{Guid.CreateVersion7()}");
        Func<Task>[] calls =
        [
            () => identity.LockUserAsync(new() { UserId = id }, call).ResponseAsync,
            () => identity.UnlockUserAsync(new() { UserId = id }, call).ResponseAsync,
            () => identity.ResetUserAsync(new() { UserId = id }, call).ResponseAsync,
            () => identity.RetireUserAsync(new() { UserId = id }, call).ResponseAsync,
            () => identity.ChangeUserRolesAsync(new() { UserId = id, Roles = { "clerk" } }, call).ResponseAsync,
            () => identity.ChangeUserResourcesAsync(
                new() { UserId = id, Resources = { Processes.Broker } }, call).ResponseAsync,
            () => identity.RetireClientAsync(new() { ClientId = id }, call).ResponseAsync,
            () => identity.ChangeClientResourcesAsync(
                new() { ClientId = id, Resources = { Processes.Broker } }, call).ResponseAsync,
        ];

        foreach (var one in calls)
        {
            Assert.Equal("NOT_DISCLOSED", Refusals.Reason(await Assert.ThrowsAsync<RpcException>(one)));
        }
    }

    private Task<Administrator> StartAsync() => Administrator.StartAsync(Processes, federation.Deadline);

    private IdentityClient NewClient(string id) => new()
    {
        ClientId = id,
        Kind = ClientKind.Program,
        OperatorId = $"{Processes.Company(Story.A).OperatorId}",
        Roles = { "clerk" },
        Resources = { Processes.Node(Story.A) },
    };

    private static async Task<IReadOnlyList<Google.Rpc.BadRequest.Types.FieldViolation>> ViolationsAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        return Refusals.Violations(refused);
    }
}
