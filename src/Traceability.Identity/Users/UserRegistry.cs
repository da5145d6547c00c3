using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Users;

/// <summary>Invites people and changes what they may do.</summary>
public sealed class UserRegistry
{
    /// <summary>Of several who change one user at once, one gets through each time.</summary>
    private const int MaxAttempts = 20;

    private readonly IdentityDatabase _database;
    private readonly UserManager<User> _users;
    private readonly FailedSignIns _failures;
    private readonly IOpenIddictTokenManager _tokens;
    private readonly IOpenIddictAuthorizationManager _authorizations;
    private readonly IdentitySettings _settings;
    private readonly TimeProvider _clock;
    private readonly string _page;

    internal UserRegistry(
        IdentityDatabase database, UserManager<User> users, FailedSignIns failures, IOpenIddictTokenManager tokens,
        IOpenIddictAuthorizationManager authorizations, IdentitySettings settings, TimeProvider clock, string page)
    {
        (_database, _users, _failures, _tokens) = (database, users, failures, tokens);
        (_authorizations, _settings, _clock, _page) = (authorizations, settings, clock, page);
    }

    /// <summary>
    /// Makes a user with a one-time code. One that is there already, and the same, is answered without a code.
    /// </summary>
    /// <returns>Null where the id or the name is taken by another.</returns>
    public async Task<Invitation?> InviteAsync(UserInfo wanted, CancellationToken cancellationToken)
    {
        if (await LoadAsync(wanted.UserId, cancellationToken) is { } known)
        {
            return InfoOf(known).IsAs(wanted) ? new(InfoOf(known), "") : null;
        }

        var user = new User
        {
            Id = wanted.UserId,
            UserName = wanted.Name,
            DisplayName = wanted.DisplayName,
            OperatorId = wanted.OperatorId,
            Roles = [.. wanted.Roles],
            Resources = [.. wanted.Resources],
            InvitedAt = _clock.Moment(),
        };
        var code = GiveCode(user);
        try
        {
            return (await _users.CreateAsync(user)).Succeeded ? InvitationOf(user, code) : null;
        }
        catch (DbUpdateException)
        {
            // Somebody else was faster with the same id or name.
            _database.ChangeTracker.Clear();
            return await LoadAsync(wanted.UserId, cancellationToken) is { } taken && InfoOf(taken).IsAs(wanted)
                ? new(InfoOf(taken), "")
                : null;
        }
    }

    /// <summary>In order of user id.</summary>
    public async Task<IReadOnlyList<UserInfo>> ListAsync(
        Guid after, int count, CancellationToken cancellationToken)
    {
        var page = await _database.Users.AsNoTracking()
            .Where(user => user.Id > after).OrderBy(user => user.Id).Take(count).ToListAsync(cancellationToken);
        return [.. page.Select(InfoOf)];
    }

    /// <returns>Null where there is no such user.</returns>
    public async Task<UserInfo?> FindAsync(Guid userId, CancellationToken cancellationToken) =>
        await LoadAsync(userId, cancellationToken) is { RetiredAt: null } user ? InfoOf(user) : null;

    /// <summary>Keeps a user out, and ends what is open. Again changes nothing.</summary>
    public Task<UserInfo?> LockAsync(Guid userId, CancellationToken cancellationToken) =>
        ChangeAsync(userId, user => user.LockedAt ??= _clock.Moment(), endSessions: true, cancellationToken);

    /// <summary>Lets a user in again, also one that was locked out by wrong passwords.</summary>
    public async Task<UserInfo?> UnlockAsync(Guid userId, CancellationToken cancellationToken)
    {
        var user = await ChangeAsync(userId, user => user.LockedAt = null, endSessions: false, cancellationToken);
        if (user is not null)
        {
            await _failures.ForgetAsync(user.Name, cancellationToken);
        }

        return user;
    }

    public Task<UserInfo?> ChangeRolesAsync(
        Guid userId, IReadOnlyList<string> roles, CancellationToken cancellationToken) =>
        ChangeAsync(userId, user => user.Roles = [.. roles], endSessions: false, cancellationToken);

    public Task<UserInfo?> ChangeResourcesAsync(
        Guid userId, IReadOnlyList<string> resources, CancellationToken cancellationToken) =>
        ChangeAsync(userId, user => user.Resources = [.. resources], endSessions: false, cancellationToken);

    /// <summary>Password and passkeys are of no use any more; a new one-time code leads to new ones.</summary>
    public async Task<Invitation?> ResetAsync(Guid userId, CancellationToken cancellationToken)
    {
        var code = "";
        await _database.UserPasskeys.Where(passkey => passkey.UserId == userId).ExecuteDeleteAsync(cancellationToken);
        var changed = await ChangeAsync(
            userId,
            user =>
            {
                user.PasswordHash = null;
                code = GiveCode(user);
            },
            endSessions: true,
            cancellationToken);
        if (changed is null)
        {
            return null;
        }

        await _failures.ForgetAsync(changed.Name, cancellationToken);
        return InvitationOf((await LoadAsync(userId, cancellationToken))!, code);
    }

    /// <summary>A user who is gone for good. Again changes nothing.</summary>
    public async Task<UserInfo?> RetireAsync(Guid userId, CancellationToken cancellationToken)
    {
        var user = await LoadAsync(userId, cancellationToken);
        return user is { RetiredAt: not null }
            ? InfoOf(user)
            : await ChangeAsync(userId, Retire, endSessions: true, cancellationToken);

        void Retire(User user)
        {
            user.RetiredAt = _clock.Moment();
            (user.PasswordHash, user.CodeHash, user.CodeEnds) = (null, null, null);
        }
    }

    private async Task<UserInfo?> ChangeAsync(
        Guid userId, Action<User> change, bool endSessions, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            if (await LoadAsync(userId, cancellationToken) is not { RetiredAt: null } user)
            {
                return null;
            }

            change(user);
            // The stamp ends the sessions of browsers, the rest those of clients.
            var saved = endSessions ? await _users.UpdateSecurityStampAsync(user) : await _users.UpdateAsync(user);
            if (saved.Succeeded)
            {
                await (endSessions ? EndSessionsAsync(userId, cancellationToken) : Task.CompletedTask);
                return InfoOf(user);
            }

            _database.ChangeTracker.Clear();
        }

        throw new InvalidOperationException("A user could not be changed: others change the same one all the time.");
    }

    private async Task EndSessionsAsync(Guid userId, CancellationToken cancellationToken)
    {
        await _tokens.RevokeBySubjectAsync($"{userId}", cancellationToken);
        await _authorizations.RevokeBySubjectAsync($"{userId}", cancellationToken);
    }

    private string GiveCode(User user)
    {
        var code = OneTimeCode.New();
        (user.CodeHash, user.CodeEnds) = (OneTimeCode.HashOf(code), _clock.Moment() + _settings.InvitationLifetime);
        return code;
    }

    private Invitation InvitationOf(User user, string code) =>
        new(InfoOf(user), code) { Page = _page, Ends = user.CodeEnds };

    private static UserInfo InfoOf(User user) => new(
        user.Id, user.UserName!, user.DisplayName, user.OperatorId, user.Roles, user.Resources, StatusOf(user),
        user.InvitedAt);

    private static UserStatus StatusOf(User user) =>
        user.RetiredAt is not null ? UserStatus.Retired
        : user.LockedAt is not null ? UserStatus.Locked
        : user.CodeHash is not null ? UserStatus.Invited
        : UserStatus.Active;

    private Task<User?> LoadAsync(Guid userId, CancellationToken cancellationToken) =>
        _database.Users.SingleOrDefaultAsync(user => user.Id == userId, cancellationToken);
}
