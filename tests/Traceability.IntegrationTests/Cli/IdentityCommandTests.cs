using System.Text.Json;
using System.Text.Json.Nodes;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Xunit;

namespace Traceability.IntegrationTests.Cli;

/// <summary>`trace identity ...`, typed by an administrator.</summary>
public class IdentityCommandTests(Federation federation) : IClassFixture<Federation>
{
    private CommandLine Administrator => new(federation, "administrator");

    [Fact]
    public async Task An_administrator_manages_clients_by_hand()
    {
        var node = federation.Processes.Node(Story.A);
        var added = await Administrator.JsonAsync(
            "identity", "client", "add", "clerk-of-a", "--operator", Story.A, "--role", "clerk", "--resource", node);
        Assert.Equal(64, added.GetProperty("clientSecret").GetString()!.Length);
        var client = added.GetProperty("client");
        Assert.Equal(
            $"{federation.Processes.Company(Story.A).OperatorId}", client.GetProperty("operatorId").GetString());

        var allowed = await Administrator.JsonAsync(
            "identity", "client", "allow", "clerk-of-a", "--resource", node, "--resource", "https://other.example.com");
        Assert.Equal(2, allowed.GetProperty("client").GetProperty("resources").GetArrayLength());
        var rotated = await Administrator.JsonAsync("identity", "client", "rotate", "clerk-of-a", "--keep-hours", "1");
        Assert.NotEqual(
            added.GetProperty("clientSecret").GetString(), rotated.GetProperty("clientSecret").GetString());
        await Administrator.JsonAsync("identity", "client", "retire", "clerk-of-a");

        var (code, shown, _) = await Administrator.RunAsync("identity", "client", "list");
        Assert.Equal(0, code);
        Assert.Contains("clerk-of-a", shown, StringComparison.Ordinal);
        Assert.Contains("retired", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_with_the_certificate_of_another_company_is_told_so()
    {
        var profiles = JsonNode.Parse(await File.ReadAllTextAsync(federation.Processes.Profiles, federation.Deadline))!;
        profiles[Story.A]!["Certificate"] = profiles[Story.B]!["Certificate"]!.DeepClone();
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, profiles.ToJsonString(), federation.Deadline);

        var (code, _, errors) = await new CommandLine(federation, Story.A).RunAsync("part", "list", "--profiles", file);

        File.Delete(file);
        Assert.NotEqual(0, code);
        Assert.Contains(
            $"urn:traceability:operator:{federation.Processes.Company(Story.A).OperatorId}", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_certificate_is_revoked_by_hand()
    {
        var id = $"{Guid.CreateVersion7()}";
        await Administrator.JsonAsync("member", "enrol", id, "Anode Works");
        var (lost, _) = federation.Processes.NewCertificate(Guid.Parse(id));

        var revoked = await Administrator.JsonAsync("member", "revoke-certificate", id, lost);
        Assert.Equal(id, revoked.GetProperty("operator").GetProperty("operatorId").GetString());

        var (code, _, errors) = await Administrator.RunAsync("member", "revoke-certificate", Story.A, lost);
        Assert.NotEqual(0, code);
        Assert.Contains("does not name the company", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_administrator_manages_people_by_hand()
    {
        var node = federation.Processes.Node(Story.B);
        var invited = await Administrator.JsonAsync(
            "identity", "user", "invite", "sato@example.com", "--display-name", "佐藤 花子", "--operator", Story.B,
            "--role", "clerk", "--resource", node);
        Assert.Matches("^([A-Z2-9]{5}-){4}[A-Z2-9]{5}$", invited.GetProperty("oneTimeCode").GetString());
        var id = invited.GetProperty("user").GetProperty("userId").GetString()!;

        Assert.Equal("USER_STATUS_LOCKED", Status(await Administrator.JsonAsync("identity", "user", "lock", id)));
        Assert.Equal("USER_STATUS_INVITED", Status(await Administrator.JsonAsync("identity", "user", "unlock", id)));
        var roles = await Administrator.JsonAsync(
            "identity", "user", "roles", id, "--role", "manager", "--role", "approver");
        Assert.Equal(2, roles.GetProperty("user").GetProperty("roles").GetArrayLength());
        await Administrator.JsonAsync("identity", "user", "allow", id, "--resource", node);
        var reset = await Administrator.JsonAsync("identity", "user", "reset", id);
        Assert.NotEqual(
            invited.GetProperty("oneTimeCode").GetString(), reset.GetProperty("oneTimeCode").GetString());
        Assert.Equal("USER_STATUS_RETIRED", Status(await Administrator.JsonAsync("identity", "user", "retire", id)));
        var list = await Administrator.JsonAsync("identity", "user", "list");
        Assert.Contains(list.GetProperty("users").EnumerateArray(), user => user.GetProperty("userId").GetString() == id);

        static string Status(JsonElement answer) => answer.GetProperty("user").GetProperty("status").GetString()!;
    }

    [Fact]
    public async Task An_administrator_manages_members_by_hand()
    {
        var id = $"{Guid.CreateVersion7()}";
        var enrolled = await Administrator.JsonAsync("member", "enrol", id, "Cathode Works");
        Assert.Equal(enrolled.ToString(), (await Administrator.JsonAsync("member", "enrol", id, "Cathode Works")).ToString());

        var renamed = await Administrator.JsonAsync("member", "rename", id, "Cathode Holding");
        Assert.Equal(renamed.ToString(), (await Administrator.JsonAsync("member", "rename", id, "Cathode Holding")).ToString());
        // Who enrols it as it was called then changes nothing.
        Assert.Equal(renamed.ToString(), (await Administrator.JsonAsync("member", "enrol", id, "Cathode Works")).ToString());
        var (_, card, _) = await Administrator.RunAsync("member", "show", id);
        Assert.Contains("formerly", card, StringComparison.Ordinal);
        Assert.Contains("Cathode Works, until 20", card, StringComparison.Ordinal);
        await Administrator.JsonAsync("member", "rename", id, "Cathode Works");
        Assert.Equal("OPERATOR_STATUS_SUSPENDED", Status(await Administrator.JsonAsync("member", "suspend", id)));
        Assert.Equal("OPERATOR_STATUS_ACTIVE", Status(await Administrator.JsonAsync("member", "reinstate", id)));
        var (code, shown, _) = await Administrator.RunAsync("member", "list");
        Assert.Equal(0, code);
        Assert.Contains("Cathode Works", shown, StringComparison.Ordinal);

        static string Status(JsonElement answer) => answer.GetProperty("operator").GetProperty("status").GetString()!;
    }

    [Fact]
    public async Task Who_is_no_administrator_is_told_what_would_be_right()
    {
        var (code, _, errors) = await new CommandLine(federation, Story.A).RunAsync("identity", "client", "list");
        Assert.Equal(1, code);
        Assert.Contains("names no broker", errors, StringComparison.Ordinal);

        (code, _, errors) = await Administrator.RunAsync("part", "list");
        Assert.Equal(1, code);
        Assert.Contains("names no node", errors, StringComparison.Ordinal);

        (code, _, errors) = await Administrator.RunAsync(
            "identity", "client", "add", "x", "--role", "clerk", "--resource", "https://node.example.com");
        Assert.Equal(1, code);
        Assert.Contains("client.roles[0]", errors, StringComparison.Ordinal);
    }
}
