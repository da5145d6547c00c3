using System.Security.Claims;
using Grpc.Core;

namespace Traceability.Hosting;

/// <summary>What a token allows, one role per kind of work. Who may call what: tests/cases/roles/rpcs.csv.</summary>
public static class Roles
{
    /// <summary>Works with an operator's data in its node.</summary>
    public const string Clerk = "clerk";

    /// <summary>Does all that a clerk does.</summary>
    public const string Manager = "manager";

    /// <summary>Reads as an auditor does, and approves totals before they are told to customers.</summary>
    public const string Approver = "approver";

    /// <summary>Reads an operator's data in its node.</summary>
    public const string Auditor = "auditor";

    /// <summary>Reads in the nodes of others what they granted to its own operator, an auditing firm.</summary>
    public const string ExternalAuditor = "external_auditor";

    /// <summary>A node, in the name of an operator, at the broker.</summary>
    public const string Node = "node";

    /// <summary>Reads what the broker decided, for all operators.</summary>
    public const string FederationAuditor = "federation_auditor";

    /// <summary>Runs the federation, and sees nothing of what its members exchange.</summary>
    public const string Administrator = "administrator";

    /// <summary>What comes with a role. An rpc names the least that it needs.</summary>
    private static readonly Dictionary<string, string[]> Included = new(StringComparer.Ordinal)
    {
        [Manager] = [Clerk],
        [Approver] = [Auditor],
    };

    /// <summary>These roles and what comes with them.</summary>
    internal static IReadOnlyList<string> WithIncluded(IEnumerable<string> roles) =>
        [.. roles.SelectMany(role => Included.GetValueOrDefault(role, []).Prepend(role)).Distinct()];
}

/// <summary>Who may call an rpc; on its method or its class. Without it an rpc is closed to everybody.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class AllowRolesAttribute(params string[] roles) : Attribute
{
    public IReadOnlyList<string> Roles { get; } = roles;
}

/// <summary>Who calls, as the token says.</summary>
/// <param name="ClientId">The program through which the call is made.</param>
/// <param name="OperatorId">For whom; empty for those who act for no operator.</param>
/// <param name="Roles">What it may do: the token's roles and what comes with them.</param>
/// <param name="Subject">Who is responsible: a person where one has signed in, else the program itself.</param>
public sealed record Caller(string ClientId, OperatorId OperatorId, IReadOnlyList<string> Roles, string Subject = "")
{
    public const string OperatorClaim = "operator_id";
    public const string ClientClaim = "client_id";
    public const string RolesClaim = "roles";
    public const string SubjectClaim = "sub";

    public static Caller Of(ClaimsPrincipal user) => new(
        user.FindFirstValue(ClientClaim) ?? "",
        Guid.TryParse(user.FindFirstValue(OperatorClaim), out var id) ? new(id) : default,
        Hosting.Roles.WithIncluded(user.FindAll(RolesClaim).Select(claim => claim.Value)),
        user.FindFirstValue(SubjectClaim) ?? "");
}

/// <summary>The way from a call to its caller.</summary>
public static class CallerOfCall
{
    private static readonly object Key = new();

    public static Caller Caller(this ServerCallContext call) => (Caller)call.UserState[Key];

    internal static void SetCaller(this ServerCallContext call, Caller caller) => call.UserState[Key] = caller;
}
