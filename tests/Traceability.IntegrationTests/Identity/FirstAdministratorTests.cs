using System.Text.Json;
using Traceability.IntegrationTests.Harness;
using Xunit;

namespace Traceability.IntegrationTests.Identity;

/// <summary>How the first administrator comes to be, and that nobody knows a secret beforehand.</summary>
public sealed class FirstAdministratorTests
{
    [Fact]
    public async Task The_first_start_makes_an_administrator_and_a_second_one_changes_nothing()
    {
        await using var live = await LiveFederation.StartAsync([new("A", "A", Later: true)]);
        var processes = live.Processes;
        var file = processes.AdministratorFile;
        var content = await File.ReadAllTextAsync(file, live.Deadline);
        var profile = JsonDocument.Parse(content).RootElement.GetProperty("administrator");

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        Assert.Equal(
            ("administrator", processes.Broker, processes.Broker),
            (Text("ClientId"), Text("Broker"), Text("Issuer")));
        Assert.Matches("^[0-9a-f]{64}$", Text("ClientSecret"));
        Assert.Equal(1, await CountAsync("clients", "'administrator' = any(roles)"));
        Assert.Equal(0, await CountAsync("users", "true"));

        // It has been put away, and is not made anew.
        File.Delete(file);
        var keys = await KeysAsync();
        await processes.StopAsync("broker");
        await processes.StartBrokerAsync(live.Deadline);
        Assert.False(File.Exists(file));
        Assert.Equal(keys, await KeysAsync());
        using var administrator = await Administrator.StartAsync(processes, live.Deadline);
        await administrator.Identity.ListClientsAsync(new(), administrator.Call);

        // Only when there is none left, another one is made.
        await administrator.Identity.RetireClientAsync(new() { ClientId = "administrator" }, administrator.Call);
        await processes.StopAsync("broker");
        await processes.StartBrokerAsync(live.Deadline);
        Assert.NotEqual(content, await File.ReadAllTextAsync(file, live.Deadline));

        string Text(string name) => profile.GetProperty(name).GetString()!;

        async Task<int> CountAsync(string table, string condition) => (await processes.RowsAsync(
            processes.BrokerDatabase, $"select 'row' from identity.{table} where {condition}", live.Deadline)).Count;

        Task<IReadOnlyList<string>> KeysAsync() => processes.RowsAsync(
            processes.BrokerDatabase, "select key_id from identity.keys order by 1", live.Deadline);
    }

    [Fact]
    public async Task Without_a_place_for_the_secret_there_is_no_administrator_and_no_start()
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => LiveFederation.StartAsync(
            [new("A", "A", Later: true)],
            new(Identity: new Dictionary<string, string> { ["AdministratorFile"] = "/nowhere/at/all.json" })));

        Assert.Contains("broker did not start", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_another_secret_the_broker_does_not_start_until_the_keys_under_the_old_one_are_given_up()
    {
        await using var live = await LiveFederation.StartAsync([new("A", "A", Later: true)], apart: true);
        var processes = live.Processes;
        await processes.StopAsync("broker");
        await File.WriteAllTextAsync(processes.IdentitySecretFile, new string('x', 64), live.Deadline);
        await Assert.ThrowsAsync<InvalidOperationException>(() => processes.StartBrokerAsync(live.Deadline));

        // As docs/SECURITY.md says.
        await processes.ExecuteAsync(
            processes.BrokerDatabase, "delete from identity.keys; delete from identity.protection_keys", live.Deadline);
        await processes.StartBrokerAsync(live.Deadline);
        using var provider = await Provider.FindAsync(processes.Broker, processes, live.Deadline);
        var (status, _) = await provider.ClientCredentialsAsync(processes.Administrator, processes.Broker);
        Assert.Equal(System.Net.HttpStatusCode.OK, status);

        // Likewise an administrator whose secret is lost.
        await processes.ExecuteAsync(
            processes.BrokerDatabase,
            "update identity.clients set retired_at = now() where client_id = 'administrator'",
            live.Deadline);
        await processes.StopAsync("broker");
        await processes.StartBrokerAsync(live.Deadline);
        Assert.DoesNotContain(
            processes.Administrator.ClientSecret,
            await File.ReadAllTextAsync(processes.AdministratorFile, live.Deadline),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_federations_have_no_secret_and_no_key_in_common()
    {
        await using var one = await LiveFederation.StartAsync([new("A", "A", Later: true)]);
        await using var other = await LiveFederation.StartAsync([new("A", "A", Later: true)]);

        Assert.Empty((await SecretsAsync(one)).Intersect(await SecretsAsync(other)));

        static async Task<IReadOnlyList<string>> SecretsAsync(LiveFederation live)
        {
            using var provider = await Provider.FindAsync(live.Processes.Broker, live.Processes, live.Deadline);
            return
            [
                live.Processes.Administrator.ClientSecret, live.Processes.Company("A").ClientSecret,
                .. (await provider.KeysAsync()).GetProperty("keys").EnumerateArray()
                    .Select(key => key.GetProperty("x").GetString()!),
            ];
        }
    }
}
