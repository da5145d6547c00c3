using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Users;

/// <summary>
/// Who comes in with what. What is refused is refused in one way: an unknown name, a wrong password, a lock and a
/// lock-out are one answer. The first three cost the same; whoever has to wait is not worth the hash of a password.
/// </summary>
internal sealed class Entrance(
    UserManager<User> users, SignInManager<User> sessions, FailedSignIns failures, TimeProvider clock)
{
    /// <summary>Longer ones are not hashed: a page is no place for a novel.</summary>
    public const int MaxPassword = 200;

    /// <summary>Stands for a password nobody has, so that an unknown name costs what a known one costs.</summary>
    private static string? _nobodysHash;

    /// <summary>Signs in with a password.</summary>
    /// <param name="name">As it was typed.</param>
    /// <param name="password">So, too.</param>
    /// <param name="network">Where it was typed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<bool> WithPasswordAsync(
        string name, string password, string network, CancellationToken cancellationToken)
    {
        if (!await failures.AdmitAsync(name, network, cancellationToken))
        {
            return false;
        }

        var user = await FindAsync(name);
        var known = user?.PasswordHash ?? NobodysHash();
        var right = password.Length <= MaxPassword
            && users.PasswordHasher.VerifyHashedPassword(user ?? new(), known, password)
                != PasswordVerificationResult.Failed;
        if (!right || user is not { PasswordHash: not null, MayEnter: true })
        {
            failures.Note(name, network);
            return false;
        }

        await failures.ForgetAsync(name, network, cancellationToken);
        await sessions.SignInAsync(user, isPersistent: false);
        return true;
    }

    /// <summary>Sets the first password with a one-time code, which is used up, and signs in.</summary>
    /// <returns>What is wrong with the password; empty where the code is refused; null where all is well.</returns>
    public async Task<IReadOnlyList<string>?> WithCodeAsync(string name, string code, string password)
    {
        var user = await FindAsync(name);
        var right = CryptographicOperations.FixedTimeEquals(OneTimeCode.HashOf(code), user?.CodeHash ?? new byte[32]);
        if (!right || user is not { MayEnter: true, CodeHash: not null } || user.CodeEnds <= clock.GetUtcNow())
        {
            return [];
        }

        (user.CodeHash, user.CodeEnds) = (null, null);
        var set = await users.AddPasswordAsync(user, password);
        if (!set.Succeeded)
        {
            return [.. set.Errors.Select(error => error.Code)];
        }

        await sessions.SignInAsync(user, isPersistent: false);
        return null;
    }

    /// <summary>Signs in with a passkey. Nobody can guess one, so there is nothing to count.</summary>
    public async Task<bool> WithPasskeyAsync(string credential)
    {
        try
        {
            var answer = await sessions.PerformPasskeyAssertionAsync(credential);
            if (!answer.Succeeded || !answer.User.MayEnter)
            {
                return false;
            }

            await users.AddOrUpdatePasskeyAsync(answer.User, answer.Passkey);
            await sessions.SignInAsync(answer.User, isPersistent: false);
            return true;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // No request was made before, or it is too old.
            return false;
        }
    }

    /// <summary>PostgreSQL has no text with a zero in it, and nobody is called so.</summary>
    private async Task<User?> FindAsync(string name) =>
        name.Contains('\0', StringComparison.Ordinal) ? null : await users.FindByNameAsync(name);

    private string NobodysHash() =>
        _nobodysHash ??= users.PasswordHasher.HashPassword(new(), RandomNumberGenerator.GetHexString(32));
}
