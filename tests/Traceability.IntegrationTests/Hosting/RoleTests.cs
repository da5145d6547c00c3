using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Traceability.Client;
using Traceability.Contracts.Node.V1;
using Traceability.IntegrationTests.Harness;
using Traceability.Local.Demo;
using Traceability.Local.Federation;
using Xunit;

namespace Traceability.IntegrationTests.Hosting;

/// <summary>
/// Who may call what: every role at every rpc of node and broker, against tests/cases/roles/rpcs.csv. The tokens are of
/// an operator that nobody knows, so that whoever is let in changes nothing.
/// </summary>
public class RoleTests(Federation federation) : IClassFixture<Federation>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly Guid Nobody = Guid.CreateVersion7();

    /// <summary>The keys are read anew in each test; those of before are gone.</summary>
    private static readonly CryptoProviderFactory NoCache = new() { CacheSignatureProviders = false };

    private static readonly Marshaller<byte[]> Raw = new(
        (bytes, context) => context.Complete(bytes), context => context.PayloadAsNewBuffer());

    private static readonly string[][] Table =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "roles", "rpcs.csv")).Select(line => line.Split(','))];

    private static readonly string[] Roles = Table[0][1..];

    private LocalFederation Processes => federation.Processes;

    [Fact]
    public void Every_rpc_is_in_the_table_once_and_nothing_else() =>
        Assert.Equal(Methods().Select(NameOf).Order(StringComparer.Ordinal), Table[1..].Select(row => row[0]).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Every_role_may_call_what_the_table_says_and_no_more()
    {
        var expected = Table[1..].ToDictionary(
            row => row[0], row => Roles.Where((_, column) => row[column + 1] == "x").ToArray());
        var wrong = new ConcurrentBag<string>();

        await ForEachAsync(Roles, (method, role, letIn) =>
        {
            if (letIn != expected[NameOf(method)].Contains(role))
            {
                wrong.Add($"{role} is {(letIn ? "let in" : "refused")} at {NameOf(method)}");
            }
        });

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task No_role_and_one_that_nobody_knows_open_nothing()
    {
        var wrong = new ConcurrentBag<string>();

        await ForEachAsync(["", "king", "Clerk", "clerk,auditor"], (method, role, letIn) =>
        {
            if (letIn)
            {
                wrong.Add($"\"{role}\" is let in at {NameOf(method)}");
            }
        });

        Assert.Empty(wrong);
    }

    private async Task ForEachAsync(string[] roles, Action<MethodDescriptor, string, bool> judge)
    {
        var (keyId, key) = await IssuerKey.ReadAsync(Processes, federation.Deadline);
        using var _ = key;
        foreach (var role in roles)
        {
            foreach (var (package, server) in Servers())
            {
                var token = Token(key, keyId, server, role);
                using var client = FederationClient.Connect(
                    Processes, server, token, Processes.CertificateOf(Nobody));
                await Task.WhenAll(Methods()
                    .Where(method => method.File.Package == package)
                    .Select(async method => judge(method, role, await IsLetInAsync(client, method))));
            }
        }
    }

    private (string Package, string Server)[] Servers() =>
        [("traceability.node.v1", Processes.Node(Story.A)), ("traceability.broker.v1", Processes.Broker)];

    private static IEnumerable<MethodDescriptor> Methods() =>
        typeof(PartServiceReflection).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("ServiceReflection", StringComparison.Ordinal))
            .Select(type => (FileDescriptor)type.GetProperty("Descriptor")!.GetValue(null)!)
            .SelectMany(file => file.Services).SelectMany(service => service.Methods);

    private static string NameOf(MethodDescriptor method) => $"{method.Service.FullName}/{method.Name}";

    /// <summary>With an empty request: what comes after the role is another refusal, or an empty answer.</summary>
    private async Task<bool> IsLetInAsync(FederationClient client, MethodDescriptor method)
    {
        // On the wire every rpc is a stream of messages each way, of which most have only one.
        var raw = new Method<byte[], byte[]>(MethodType.DuplexStreaming, method.Service.FullName, method.Name, Raw, Raw);
        var call = client.Call.WithDeadline((TimeProvider.System.GetUtcNow() + Patience).UtcDateTime);
        using var stream = client.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(raw, null, call);
        try
        {
            try
            {
                await stream.RequestStream.WriteAsync([]);
                await stream.RequestStream.CompleteAsync();
            }
            catch (RpcException hungUp) when (hungUp.StatusCode == StatusCode.Cancelled)
            {
                // The server has answered without waiting for the request; what it said is read below.
            }

            await stream.ResponseStream.MoveNext(federation.Deadline);
            return true;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
        {
            return Refusals.Reason(refused) != "ROLE_MISSING";
        }
        catch (RpcException refused) when (refused.StatusCode is StatusCode.InvalidArgument or StatusCode.FailedPrecondition)
        {
            return true;
        }
    }

    private string Token(ECDsa key, string keyId, string server, string role) =>
        new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = $"{Processes.Broker}/",
            Audience = server,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5),
            Claims = new Dictionary<string, object>
            {
                ["sub"] = "somebody",
                ["client_id"] = "somebody",
                ["operator_id"] = $"{Nobody}",
                ["cnf"] = new Dictionary<string, object>
                {
                    ["x5t#S256"] = new FederationTrust("", Processes.CertificateOf(Nobody).Certificate).Shown()!.Fingerprint,
                },
                ["roles"] = role.Length > 0 ? new[] { role } : [],
            },
            SigningCredentials = new SigningCredentials(
                new ECDsaSecurityKey(key) { KeyId = keyId, CryptoProviderFactory = NoCache },
                SecurityAlgorithms.EcdsaSha256),
        });
}
