using System.Text.RegularExpressions;
using Google.Protobuf.Collections;
using Traceability.Hosting;
using Traceability.Identity.Clients;
using Traceability.Identity.Users;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Identity;

/// <summary>Reads clients and users of a request.</summary>
internal static partial class IdentityInput
{
    private const int MaxUri = 300;
    private const int MaxDisplayName = 200;

    /// <summary>An auditing firm may look into every node of a large federation.</summary>
    private const int MaxResources = 1000;

    private const int MaxRedirectUris = 20;

    private static readonly string[] OfOperators =
        [Roles.Clerk, Roles.Manager, Roles.Approver, Roles.Auditor, Roles.ExternalAuditor];

    private static readonly string[] OfTheFederation = [Roles.FederationAuditor, Roles.Administrator];

    public static ClientInfo Client(this Input input, string field, Wire.IdentityClient? given)
    {
        var client = given ?? new();
        var kind = input.Enum<Wire.ClientKind, ClientKind>($"{field}.kind", client.Kind);
        var operatorId = (input.OptionalId<OperatorId>($"{field}.operator_id", client.OperatorId) ?? default).Value;
        return new(
            input.ClientId($"{field}.client_id", client.ClientId),
            kind,
            operatorId,
            kind == ClientKind.Program
                ? input.RolesOf(field, client.Roles, operatorId, [.. OfOperators, Roles.Node])
                : input.None($"{field}.roles", client.Roles, "people who sign in bring their own"),
            input.Resources($"{field}.resources", client.Resources),
            kind == ClientKind.Program
                ? input.None($"{field}.redirect_uris", client.RedirectUris, "nobody signs in through a program")
                : input.RedirectUris($"{field}.redirect_uris", client.RedirectUris));
    }

    public static UserInfo User(this Input input, string field, Wire.IdentityUser? given)
    {
        var user = given ?? new();
        var operatorId = (input.OptionalId<OperatorId>($"{field}.operator_id", user.OperatorId) ?? default).Value;
        return new(
            input.Id($"{field}.user_id", user.UserId),
            input.Matching($"{field}.name", user.Name, UserName(), "1 to 100 letters, digits and any of . _ @ + -"),
            input.Writing($"{field}.display_name", user.DisplayName, 1, MaxDisplayName),
            operatorId,
            input.RolesOf(field, user.Roles, operatorId, OfOperators),
            input.Resources($"{field}.resources", user.Resources));
    }

    public static string ClientId(this Input input, string field, string value) =>
        input.Matching(field, value, ClientName(), "1 to 100 letters, digits, dots, dashes and underscores");

    /// <summary>Roles of an operator need an operator, those of the federation none: a token is bound to one.</summary>
    public static IReadOnlyList<string> RolesOf(
        this Input input, string owner, IReadOnlyList<string> values, Guid operatorId, string[]? ofOperators = null)
    {
        var field = owner.Length > 0 ? $"{owner}.roles" : "roles";
        var allowed = operatorId == Guid.Empty ? OfTheFederation : ofOperators ?? OfOperators;
        if (values.Count == 0)
        {
            input.Violate(field, "", $"must be at least one of: {string.Join(", ", allowed)}.");
        }

        var rest = operatorId == Guid.Empty ? "without an operator_id" : "with an operator_id";
        foreach (var (index, role) in values.Index().Where(one => !allowed.Contains(one.Item)))
        {
            input.Violate($"{field}[{index}]", role, $"must be one of: {string.Join(", ", allowed)}; {rest}.");
        }

        return [.. values.Distinct()];
    }

    /// <summary>Compared letter by letter with what a server takes for its own address.</summary>
    public static IReadOnlyList<string> Resources(this Input input, string field, IReadOnlyList<string> values)
    {
        if (values.Count is 0 or > MaxResources)
        {
            input.Violate(field, values.Count, $"must be 1 to {MaxResources} addresses of servers.");
        }

        foreach (var (index, value) in values.Take(MaxResources).Index().Where(one => !IsResource(one.Item)))
        {
            input.Violate(
                $"{field}[{index}]", value,
                "must be an absolute https address without query, fragment and slash at the end, such as "
                + "https://node.example.com:8443.");
        }

        return [.. values.Distinct()];
    }

    private static IReadOnlyList<string> RedirectUris(this Input input, string field, RepeatedField<string> values)
    {
        if (values.Count is 0 or > MaxRedirectUris)
        {
            input.Violate(field, values.Count, $"must be 1 to {MaxRedirectUris} addresses.");
        }

        foreach (var (index, value) in values.Take(MaxRedirectUris).Index().Where(one => !IsRedirectUri(one.Item)))
        {
            input.Violate(
                $"{field}[{index}]", value,
                "must be an absolute https address without fragment, or http on the machine itself.");
        }

        return [.. values.Distinct()];
    }

    private static IReadOnlyList<string> None(
        this Input input, string field, RepeatedField<string> values, string why)
    {
        if (values.Count > 0)
        {
            input.Violate(field, values.Count, $"must be empty: {why}.");
        }

        return [];
    }

    private static string Matching(this Input input, string field, string value, Regex pattern, string rule)
    {
        if (!pattern.IsMatch(value))
        {
            input.Violate(field, value, $"must be {rule}.");
        }

        return value;
    }

    private static bool IsResource(string value) =>
        value.Length <= MaxUri && !value.EndsWith('/')
        && Uri.TryCreate(value, UriKind.Absolute, out var uri)
        && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length + uri.Query.Length + uri.Fragment.Length == 0;

    private static bool IsRedirectUri(string value) =>
        value.Length <= MaxUri
        && Uri.TryCreate(value, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
        && uri.UserInfo.Length + uri.Fragment.Length == 0;

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,100}\z")]
    private static partial Regex ClientName();

    [GeneratedRegex(@"^[A-Za-z0-9._@+-]{1,100}\z")]
    private static partial Regex UserName();
}
