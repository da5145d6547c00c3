using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;
using Traceability.Contracts.Broker.V1;

namespace Traceability.Cli;

/// <summary>`trace identity ...`, for who runs the federation.</summary>
internal static class IdentityCommands
{
    private const string ExampleOperator = "0193a0f2-5d5c-7e1f-8a53-6f0d7b6b1c11";
    private const string ExampleUser = "0193a0f2-7b1e-7d52-9c40-2f9f5a3c8d77";

    public static Command Identity => new("identity", "Who gets tokens. With the profile of an administrator.")
    {
        new Command("client", "Programs that get tokens.")
        {
            AddClient(),
            ListClients(),
            Allow(),
            Rotate(),
            RetireClient(),
        },
        new Command("user", "People who sign in.")
        {
            Invite(),
            ListUsers(),
            OnUser("lock", "Keeps a person out until unlocked.", async (id, session) =>
            {
                var answer = await session.Identity.LockUserAsync(new() { UserId = id }, session.Call);
                return (answer, answer.User);
            }),
            OnUser("unlock", "Lets a person in again, also after too many wrong passwords.", async (id, session) =>
            {
                var answer = await session.Identity.UnlockUserAsync(new() { UserId = id }, session.Call);
                return (answer, answer.User);
            }),
            Reset(),
            ChangeRoles(),
            AllowUser(),
            OnUser("retire", "Ends a person's account for good.", async (id, session) =>
            {
                var answer = await session.Identity.RetireUserAsync(new() { UserId = id }, session.Call);
                return (answer, answer.User);
            }),
        },
    };

    private static Argument<string> ClientId => new("client") { Description = "The client, by its id." };

    private static Argument<string> UserId => new("user") { Description = "The user, by id." };

    private static Option<string> Operator => new("--operator")
    {
        Description = "The company, a UUID or the name of a profile; none for who acts for the federation.",
        DefaultValueFactory = _ => "",
    };

    private static Option<string[]> Role => new("--role")
    {
        Description = "What it may do: clerk, manager, approver, auditor, external_auditor or node for a company; "
            + "federation_auditor or administrator for none. Can be given several times.",
        DefaultValueFactory = _ => [],
    };

    private static Option<string[]> Resource => new("--resource")
    {
        Description = "A server it may work with, by address. Can be given several times.",
        Required = true,
    };

    private static Verb AddClient()
    {
        var (client, owner, role, resource) = (ClientId, Operator, Role, Resource);
        var kind = Common.OneOf(
            new Option<string>("--kind")
            {
                Description = "program (for itself), pages (people sign in, it keeps a secret) or public (no secret).",
                DefaultValueFactory = _ => "program",
            },
            "program", "pages", "public");
        var redirect = new Option<string[]>("--redirect")
        {
            Description = "Where people come back to after signing in or out. Can be given several times.",
            DefaultValueFactory = _ => [],
        };
        return new(
            "add",
            "Registers a client. Its secret is shown this once.",
            $"identity client add node-a --operator {ExampleOperator} --role node --resource https://broker:8443",
            async (parsed, session, output) =>
            {
                var answer = await session.Identity.RegisterClientAsync(
                    new()
                    {
                        Client = new()
                        {
                            ClientId = parsed.GetValue(client),
                            Kind = KindOf(parsed.GetValue(kind)!),
                            OperatorId = session.OperatorId(parsed.GetValue(owner)!),
                            Roles = { parsed.GetValue(role) },
                            Resources = { parsed.GetValue(resource) },
                            RedirectUris = { parsed.GetValue(redirect) },
                        },
                    },
                    session.Call);
                output.Show(answer, Facts(answer.Client, answer.ClientSecret), "trace identity client list");
            },
            client, kind, owner, role, resource, redirect)
        {
            AtBroker = true,
        };
    }

    private static Verb ListClients() => new(
        "list",
        "Lists the clients.",
        "identity client list",
        async (_, session, output) =>
        {
            var all = new ListClientsResponse();
            var request = new ListClientsRequest { PageSize = 1000 };
            do
            {
                var page = await session.Identity.ListClientsAsync(request, session.Call);
                all.Clients.Add(page.Clients);
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            var rows = all.Clients.Select(client => new[]
            {
                client.ClientId, Output.Word(client.Kind), client.OperatorId, string.Join(' ', client.Roles),
                string.Join(' ', client.Resources),
                client.RetireTime is null ? "" : $"retired {Output.Time(client.RetireTime)}",
            });
            output.Show(
                all, Output.Rows(["client", "kind", "company", "roles", "servers", ""], rows),
                "trace identity client allow CLIENT --resource ADDRESS");
        })
    {
        AtBroker = true,
    };

    private static Verb Allow()
    {
        var (client, resource) = (ClientId, Resource);
        return new(
            "allow",
            "Changes which servers a client may have tokens for: those that are named, and no others.",
            "identity client allow auditors-z --resource https://node-a:8443 --resource https://node-b:8443",
            async (parsed, session, output) =>
            {
                var answer = await session.Identity.ChangeClientResourcesAsync(
                    new() { ClientId = parsed.GetValue(client), Resources = { parsed.GetValue(resource) } },
                    session.Call);
                output.Show(answer, Facts(answer.Client, ""), "trace identity client list");
            },
            client, resource)
        {
            AtBroker = true,
        };
    }

    private static Verb Rotate()
    {
        var client = ClientId;
        var hours = new Option<int>("--keep-hours")
        {
            Description = "For how many hours the secret of before is good, too: to bring the new one to its machines.",
        };
        return new(
            "rotate",
            "Makes a new secret for a client. It is shown this once.",
            "identity client rotate node-a --keep-hours 24",
            async (parsed, session, output) =>
            {
                var keep = TimeSpan.FromHours(parsed.GetValue(hours));
                var answer = await session.Identity.RotateClientSecretAsync(
                    new()
                    {
                        ClientId = parsed.GetValue(client),
                        PreviousUntilTime = keep > TimeSpan.Zero
                            ? (TimeProvider.System.GetUtcNow() + keep).ToTimestamp()
                            : null,
                    },
                    session.Call);
                output.Show(answer, Facts(answer.Client, answer.ClientSecret), "trace identity client list");
            },
            client, hours)
        {
            AtBroker = true,
        };
    }

    private static Verb RetireClient()
    {
        var client = ClientId;
        return new(
            "retire",
            "Ends a client for good.",
            "identity client retire clerk-a",
            async (parsed, session, output) =>
            {
                var answer = await session.Identity.RetireClientAsync(
                    new() { ClientId = parsed.GetValue(client) }, session.Call);
                output.Show(answer, Facts(answer.Client, ""), "trace identity client list");
            },
            client)
        {
            AtBroker = true,
        };
    }

    private static Verb Invite()
    {
        var name = new Argument<string>("name") { Description = "With which the person signs in." };
        var display = new Option<string?>("--display-name") { Description = "What others call the person." };
        var (id, owner, role, resource) = (Common.Id, Operator, Role, Resource);
        return new(
            "invite",
            "Invites a person. The one-time code is shown this once: tell it to nobody else.",
            $"identity user invite sato@example.com --operator {ExampleOperator} --role clerk "
                + "--resource https://node-a:8443",
            async (parsed, session, output) =>
            {
                var answer = await session.Identity.InviteUserAsync(
                    new()
                    {
                        User = new()
                        {
                            UserId = Common.IdOrNew(parsed.GetValue(id)),
                            Name = parsed.GetValue(name),
                            DisplayName = parsed.GetValue(display) ?? parsed.GetValue(name),
                            OperatorId = session.OperatorId(parsed.GetValue(owner)!),
                            Roles = { parsed.GetValue(role) },
                            Resources = { parsed.GetValue(resource) },
                        },
                    },
                    session.Call);
                output.Show(
                    answer, Facts(answer.User, answer.OneTimeCode, answer.PageUri, answer.CodeEndTime),
                    "trace identity user list");
            },
            name, display, owner, role, resource, id)
        {
            AtBroker = true,
        };
    }

    private static Verb ListUsers() => new(
        "list",
        "Lists the users.",
        "identity user list",
        async (_, session, output) =>
        {
            var all = new ListUsersResponse();
            var request = new ListUsersRequest { PageSize = 1000 };
            do
            {
                var page = await session.Identity.ListUsersAsync(request, session.Call);
                all.Users.Add(page.Users);
                request.PageToken = page.NextPageToken;
            }
            while (request.PageToken.Length > 0);
            var rows = all.Users.Select(user => new[]
            {
                user.UserId, user.Name, user.DisplayName, user.OperatorId, string.Join(' ', user.Roles),
                string.Join(' ', user.Resources), Output.Word(user.Status),
            });
            output.Show(
                all, Output.Rows(["user", "name", "called", "company", "roles", "servers", ""], rows),
                "trace identity user lock USER");
        })
    {
        AtBroker = true,
    };

    private static Verb Reset()
    {
        var user = UserId;
        return new(
            "reset",
            "Takes a person's password and passkeys away and makes a new one-time code, which is shown this once.",
            $"identity user reset {ExampleUser}",
            async (parsed, session, output) =>
            {
                var answer = await session.Identity.ResetUserAsync(
                    new() { UserId = parsed.GetValue(user) }, session.Call);
                output.Show(
                    answer, Facts(answer.User, answer.OneTimeCode, answer.PageUri, answer.CodeEndTime),
                    "trace identity user list");
            },
            user)
        {
            AtBroker = true,
        };
    }

    private static Verb ChangeRoles()
    {
        var (user, role) = (UserId, Role);
        return new(
            "roles",
            "Changes what a person may do: the roles that are named, and no others.",
            $"identity user roles {ExampleUser} --role clerk --role approver",
            async (parsed, session, output) =>
            {
                var answer = await session.Identity.ChangeUserRolesAsync(
                    new() { UserId = parsed.GetValue(user), Roles = { parsed.GetValue(role) } }, session.Call);
                output.Show(answer, Facts(answer.User, "", "", null), "trace identity user list");
            },
            user, role)
        {
            AtBroker = true,
        };
    }

    private static Verb AllowUser()
    {
        var (user, resource) = (UserId, Resource);
        return new(
            "allow",
            "Changes which servers a person may work with: those that are named, and no others.",
            $"identity user allow {ExampleUser} --resource https://node-a:8443",
            async (parsed, session, output) =>
            {
                var answer = await session.Identity.ChangeUserResourcesAsync(
                    new() { UserId = parsed.GetValue(user), Resources = { parsed.GetValue(resource) } },
                    session.Call);
                output.Show(answer, Facts(answer.User, "", "", null), "trace identity user list");
            },
            user, resource)
        {
            AtBroker = true,
        };
    }

    /// <summary>A verb that needs nothing but a user.</summary>
    private static Verb OnUser(
        string verb, string description,
        Func<string, Session, Task<(Google.Protobuf.IMessage Answer, IdentityUser User)>> run)
    {
        var user = UserId;
        return new(
            verb,
            description,
            $"identity user {verb} {ExampleUser}",
            async (parsed, session, output) =>
            {
                var (answer, changed) = await run(parsed.GetValue(user)!, session);
                output.Show(answer, Facts(changed, "", "", null), "trace identity user list");
            },
            user)
        {
            AtBroker = true,
        };
    }

    private static ClientKind KindOf(string word) => word switch
    {
        "pages" => ClientKind.Pages,
        "public" => ClientKind.Public,
        _ => ClientKind.Program,
    };

    private static Table Facts(IdentityClient client, string secret)
    {
        List<(string, string)> facts =
        [
            ("client", client.ClientId),
            ("kind", Output.Word(client.Kind)),
            ("company", client.OperatorId.Length > 0 ? client.OperatorId : "none"),
            ("roles", string.Join(' ', client.Roles)),
            ("servers", string.Join(' ', client.Resources)),
        ];
        if (client.RetireTime is not null)
        {
            facts.Add(("retired", Output.Time(client.RetireTime)));
        }

        if (secret.Length > 0)
        {
            facts.Add(("secret, shown this once", secret));
        }

        return Output.Facts([.. facts]);
    }

    private static Table Facts(IdentityUser user, string code, string page, Timestamp? end)
    {
        List<(string, string)> facts =
        [
            ("user", user.UserId),
            ("name", user.Name),
            ("called", user.DisplayName),
            ("company", user.OperatorId.Length > 0 ? user.OperatorId : "none"),
            ("roles", string.Join(' ', user.Roles)),
            ("servers", string.Join(' ', user.Resources)),
            ("status", Output.Word(user.Status)),
        ];
        if (code.Length > 0)
        {
            facts.Add(("one-time code, shown this once", code));
            facts.Add(("is typed at", page));
            facts.Add(("until", Output.Time(end)));
        }

        return Output.Facts([.. facts]);
    }
}
