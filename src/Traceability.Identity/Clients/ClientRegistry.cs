using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using Traceability.Identity.Storage;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Traceability.Identity.Clients;

/// <summary>Registers clients and changes what they may do.</summary>
public sealed class ClientRegistry
{
    private static readonly string[] OfPrograms =
        [Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials];

    private static readonly string[] OfPages =
    [
        Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation,
        Permissions.Endpoints.EndSession, Permissions.GrantTypes.AuthorizationCode,
        Permissions.GrantTypes.RefreshToken, Permissions.ResponseTypes.Code,
    ];

    private readonly IdentityDatabase _database;
    private readonly IOpenIddictTokenManager _tokens;
    private readonly IOpenIddictAuthorizationManager _authorizations;
    private readonly TimeProvider _clock;

    internal ClientRegistry(
        IdentityDatabase database, IOpenIddictTokenManager tokens, IOpenIddictAuthorizationManager authorizations,
        TimeProvider clock) =>
        (_database, _tokens, _authorizations, _clock) = (database, tokens, authorizations, clock);

    /// <summary>
    /// Makes a client with a secret of its own. One that is there already, and the same, is answered without a secret.
    /// </summary>
    /// <returns>Null where the id is taken by another.</returns>
    public async Task<ClientSecret?> RegisterAsync(ClientInfo wanted, CancellationToken cancellationToken)
    {
        if (await FindAsync(wanted.ClientId, cancellationToken) is { } known)
        {
            return InfoOf(known).IsAs(wanted) ? new(InfoOf(known), "") : null;
        }

        var client = new Client { ClientId = wanted.ClientId, RegisteredAt = _clock.Moment() };
        var secret = Describe(client, wanted);
        _database.Clients.Add(client);
        try
        {
            await _database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException)
        {
            // Somebody else was faster; what is there then decides.
            _database.ChangeTracker.Clear();
            if (await FindAsync(wanted.ClientId, cancellationToken) is not { } taken)
            {
                throw;
            }

            return InfoOf(taken).IsAs(wanted) ? new(InfoOf(taken), "") : null;
        }

        return new(InfoOf(client), secret);
    }

    /// <summary>In order of client id.</summary>
    public async Task<IReadOnlyList<ClientInfo>> ListAsync(
        string after, int count, CancellationToken cancellationToken)
    {
        // Ordinal, as the order of the page tokens: the database's own order depends on its language.
        var page = await _database.Clients.AsNoTracking()
            .Where(client => string.Compare(EF.Functions.Collate(client.ClientId!, "C"), after) > 0)
            .OrderBy(client => EF.Functions.Collate(client.ClientId!, "C"))
            .Take(count)
            .ToListAsync(cancellationToken);
        return [.. page.Select(InfoOf)];
    }

    /// <returns>Null where there is no such client.</returns>
    public async Task<ClientInfo?> ChangeResourcesAsync(
        string clientId, IReadOnlyList<string> resources, CancellationToken cancellationToken)
    {
        if (await InUseAsync(clientId, cancellationToken) is not { } client)
        {
            return null;
        }

        client.Resources = [.. resources];
        await _database.SaveChangesAsync(cancellationToken);
        return InfoOf(client);
    }

    /// <summary>Makes a new secret. The one before is good until the moment that is named, or no longer.</summary>
    /// <returns>Null where there is no such client, or one without a secret.</returns>
    public async Task<ClientSecret?> RotateSecretAsync(
        string clientId, DateTimeOffset? previousUntil, CancellationToken cancellationToken)
    {
        if (await InUseAsync(clientId, cancellationToken) is not { ClientSecret: { } previous } client)
        {
            return null;
        }

        var secret = ClientManager.NewSecret();
        client.ClientSecret = ClientManager.HashOf(secret);
        (client.PreviousSecret, client.PreviousSecretEnds) =
            previousUntil is null ? (null, null) : (previous, previousUntil);
        await _database.SaveChangesAsync(cancellationToken);
        return new(InfoOf(client), secret);
    }

    /// <summary>It gets nothing any more, and its refresh tokens are of no use. Again changes nothing.</summary>
    /// <returns>Null where there is no such client.</returns>
    public async Task<ClientInfo?> RetireAsync(string clientId, CancellationToken cancellationToken)
    {
        if (await FindAsync(clientId, cancellationToken) is not { } client)
        {
            return null;
        }

        client.RetiredAt ??= _clock.Moment();
        await _database.SaveChangesAsync(cancellationToken);
        var id = $"{client.Id}";
        await _tokens.RevokeByApplicationIdAsync(id, cancellationToken);
        await _authorizations.RevokeByApplicationIdAsync(id, cancellationToken);
        return InfoOf(client);
    }

    /// <summary>Makes the client of the first administrator, or gives it a new secret.</summary>
    internal async Task<string> MakeAdministratorAsync(ClientInfo wanted, CancellationToken cancellationToken)
    {
        var client = await FindAsync(wanted.ClientId, cancellationToken);
        if (client is null)
        {
            client = new() { ClientId = wanted.ClientId };
            _database.Clients.Add(client);
        }

        (client.RegisteredAt, client.RetiredAt, client.PreviousSecret) = (_clock.Moment(), null, null);
        var secret = Describe(client, wanted);
        await _database.SaveChangesAsync(cancellationToken);
        return secret;
    }

    /// <summary>Whether anybody can administer.</summary>
    internal Task<bool> HasAdministratorAsync(string role, CancellationToken cancellationToken) =>
        _database.Clients.AnyAsync(
            client => client.RetiredAt == null && client.Roles.Contains(role), cancellationToken);

    internal static ClientInfo InfoOf(Client client) => new(
        client.ClientId!,
        KindOf(client),
        client.OperatorId,
        client.Roles,
        client.Resources,
        client.RedirectUris is { } uris ? JsonSerializer.Deserialize<string[]>(uris)! : [],
        client.RegisteredAt,
        client.RetiredAt);

    private static ClientKind KindOf(Client client) =>
        client.ClientType == ClientTypes.Public ? ClientKind.Public
        : client.Permissions!.Contains(Permissions.GrantTypes.ClientCredentials, StringComparison.Ordinal)
            ? ClientKind.Program
        : ClientKind.Pages;

    /// <summary>Writes what is wanted into the client, and gives back a secret where it has one.</summary>
    private static string Describe(Client client, ClientInfo wanted)
    {
        client.OperatorId = wanted.OperatorId;
        client.Roles = [.. wanted.Roles];
        client.Resources = [.. wanted.Resources];
        client.ClientType = wanted.Kind == ClientKind.Public ? ClientTypes.Public : ClientTypes.Confidential;
        // All clients are the federation's own: nobody is asked whether they may.
        client.ConsentType = ConsentTypes.Implicit;
        client.Permissions = JsonSerializer.Serialize(wanted.Kind == ClientKind.Program ? OfPrograms : OfPages);
        client.RedirectUris = wanted.RedirectUris.Count > 0 ? JsonSerializer.Serialize(wanted.RedirectUris) : null;
        client.PostLogoutRedirectUris = client.RedirectUris;
        var secret = wanted.Kind == ClientKind.Public ? "" : ClientManager.NewSecret();
        client.ClientSecret = secret.Length > 0 ? ClientManager.HashOf(secret) : null;
        return secret;
    }

    /// <summary>Retired ones, too.</summary>
    private Task<Client?> FindAsync(string clientId, CancellationToken cancellationToken) =>
        _database.Clients.SingleOrDefaultAsync(client => client.ClientId == clientId, cancellationToken);

    private async Task<Client?> InUseAsync(string clientId, CancellationToken cancellationToken) =>
        await FindAsync(clientId, cancellationToken) is { RetiredAt: null } client ? client : null;
}
