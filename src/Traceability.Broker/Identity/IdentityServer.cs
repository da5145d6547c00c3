using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Hosting;
using Traceability.Identity.Clients;
using Traceability.Identity.Users;
using Wire = Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Identity;

/// <summary>Who gets tokens. Mounted with the embedded provider.</summary>
[AllowRoles(Roles.Administrator)]
internal sealed class IdentityServer(ClientRegistry clients, UserRegistry users, TimeProvider clock)
    : Wire.IdentityService.IdentityServiceBase
{
    /// <summary>Longer than it takes to bring a new secret to every machine of a client.</summary>
    private static readonly TimeSpan MaxOverlap = TimeSpan.FromDays(30);

    public override async Task<Wire.RegisterClientResponse> RegisterClient(
        Wire.RegisterClientRequest request, ServerCallContext context)
    {
        var input = new Input();
        var wanted = input.Client("client", request.Client);
        input.ThrowIfInvalid();
        var made = await clients.RegisterAsync(wanted, context.CancellationToken)
            ?? throw AlreadyExists("client_id", wanted.ClientId);
        return new() { Client = ToWire(made.Client), ClientSecret = made.Secret };
    }

    public override async Task<Wire.ListClientsResponse> ListClients(
        Wire.ListClientsRequest request, ServerCallContext context)
    {
        var input = new Input();
        var (size, token) = (input.PageSize(request.PageSize), input.Token(request.PageToken));
        input.ThrowIfInvalid();
        var page = await clients.ListAsync(token, size, context.CancellationToken);
        var shown = page.Select(ToWire).ThatFit();
        return new()
        {
            Clients = { shown },
            NextPageToken = MessagePages.Next(shown.Count, page, size, client => client.ClientId),
        };
    }

    public override async Task<Wire.ChangeClientResourcesResponse> ChangeClientResources(
        Wire.ChangeClientResourcesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.ClientId("client_id", request.ClientId);
        var resources = input.Resources("resources", request.Resources);
        input.ThrowIfInvalid();
        var changed = await clients.ChangeResourcesAsync(id, resources, context.CancellationToken);
        return new() { Client = ToWire(changed ?? throw NoClient(id)) };
    }

    public override async Task<Wire.RotateClientSecretResponse> RotateClientSecret(
        Wire.RotateClientSecretRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.ClientId("client_id", request.ClientId);
        var until = input.OptionalTime("previous_until_time", request.PreviousUntilTime);
        if (until > clock.GetUtcNow() + MaxOverlap)
        {
            input.Violate("previous_until_time", until, $"must be within {MaxOverlap.Days} days.");
        }

        input.ThrowIfInvalid();
        var rotated = await clients.RotateSecretAsync(id, until, context.CancellationToken) ?? throw NoClient(id);
        return new() { Client = ToWire(rotated.Client), ClientSecret = rotated.Secret };
    }

    public override async Task<Wire.RetireClientResponse> RetireClient(
        Wire.RetireClientRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.ClientId("client_id", request.ClientId);
        input.ThrowIfInvalid();
        var retired = await clients.RetireAsync(id, context.CancellationToken);
        return new() { Client = ToWire(retired ?? throw NoClient(id)) };
    }

    public override async Task<Wire.InviteUserResponse> InviteUser(
        Wire.InviteUserRequest request, ServerCallContext context)
    {
        var input = new Input();
        var wanted = input.User("user", request.User);
        input.ThrowIfInvalid();
        var invited = await users.InviteAsync(wanted, context.CancellationToken)
            ?? throw AlreadyExists("user_id", $"{wanted.UserId}");
        return new()
        {
            User = ToWire(invited.User),
            OneTimeCode = invited.Code,
            PageUri = invited.Page,
            CodeEndTime = invited.Ends?.ToTimestamp(),
        };
    }

    public override async Task<Wire.ListUsersResponse> ListUsers(
        Wire.ListUsersRequest request, ServerCallContext context)
    {
        var input = new Input();
        var size = input.PageSize(request.PageSize);
        var after = request.PageToken.Length == 0 ? Guid.Empty : input.Id("page_token", request.PageToken);
        input.ThrowIfInvalid();
        var page = await users.ListAsync(after, size, context.CancellationToken);
        var shown = page.Select(ToWire).ThatFit();
        return new()
        {
            Users = { shown },
            NextPageToken = MessagePages.Next(shown.Count, page, size, user => $"{user.UserId}"),
        };
    }

    public override async Task<Wire.LockUserResponse> LockUser(
        Wire.LockUserRequest request, ServerCallContext context) =>
        new() { User = await ChangeAsync(request.UserId, users.LockAsync, context) };

    public override async Task<Wire.UnlockUserResponse> UnlockUser(
        Wire.UnlockUserRequest request, ServerCallContext context) =>
        new() { User = await ChangeAsync(request.UserId, users.UnlockAsync, context) };

    public override async Task<Wire.ResetUserResponse> ResetUser(
        Wire.ResetUserRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("user_id", request.UserId);
        input.ThrowIfInvalid();
        var reset = await users.ResetAsync(id, context.CancellationToken) ?? throw NoUser(id);
        return new()
        {
            User = ToWire(reset.User),
            OneTimeCode = reset.Code,
            PageUri = reset.Page,
            CodeEndTime = reset.Ends?.ToTimestamp(),
        };
    }

    public override async Task<Wire.ChangeUserRolesResponse> ChangeUserRoles(
        Wire.ChangeUserRolesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("user_id", request.UserId);
        input.ThrowIfInvalid();
        var user = await users.FindAsync(id, context.CancellationToken) ?? throw NoUser(id);
        var roles = input.RolesOf("", request.Roles, user.OperatorId);
        input.ThrowIfInvalid();
        var changed = await users.ChangeRolesAsync(id, roles, context.CancellationToken);
        return new() { User = ToWire(changed ?? throw NoUser(id)) };
    }

    public override async Task<Wire.ChangeUserResourcesResponse> ChangeUserResources(
        Wire.ChangeUserResourcesRequest request, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("user_id", request.UserId);
        var resources = input.Resources("resources", request.Resources);
        input.ThrowIfInvalid();
        var changed = await users.ChangeResourcesAsync(id, resources, context.CancellationToken);
        return new() { User = ToWire(changed ?? throw NoUser(id)) };
    }

    public override async Task<Wire.RetireUserResponse> RetireUser(
        Wire.RetireUserRequest request, ServerCallContext context) =>
        new() { User = await ChangeAsync(request.UserId, users.RetireAsync, context) };

    private static async Task<Wire.IdentityUser> ChangeAsync(
        string userId, Func<Guid, CancellationToken, Task<UserInfo?>> change, ServerCallContext context)
    {
        var input = new Input();
        var id = input.Id("user_id", userId);
        input.ThrowIfInvalid();
        return ToWire(await change(id, context.CancellationToken) ?? throw NoUser(id));
    }

    private static RefusedException NoClient(string id) => new(
        RefusalReason.NotDisclosed, $"Client {id} is not disclosed to you, or it does not exist.", ("client_id", id));

    private static RefusedException NoUser(Guid id) => RefusedException.NotDisclosed("User", "user_id", id);

    private static RefusedException AlreadyExists(string field, string id) => new(
        RefusalReason.AlreadyExists,
        $"{field} {id}, or the name, is taken by something else.",
        (field, id));

    private static string IdOf(Guid operatorId) => operatorId == Guid.Empty ? "" : $"{operatorId}";

    private static Wire.IdentityClient ToWire(ClientInfo client) => new()
    {
        ClientId = client.ClientId,
        Kind = (Wire.ClientKind)client.Kind,
        OperatorId = IdOf(client.OperatorId),
        Roles = { client.Roles },
        Resources = { client.Resources },
        RedirectUris = { client.RedirectUris },
        RegisterTime = client.RegisteredAt.ToTimestamp(),
        RetireTime = client.RetiredAt?.ToTimestamp(),
    };

    private static Wire.IdentityUser ToWire(UserInfo user) => new()
    {
        UserId = $"{user.UserId}",
        Name = user.Name,
        DisplayName = user.DisplayName,
        OperatorId = IdOf(user.OperatorId),
        Roles = { user.Roles },
        Resources = { user.Resources },
        Status = (Wire.UserStatus)user.Status,
        InviteTime = user.InvitedAt.ToTimestamp(),
    };
}
