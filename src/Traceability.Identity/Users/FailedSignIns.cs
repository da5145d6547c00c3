using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Users;

/// <summary>
/// Counts sign-ins per name and address that have come to no good end, whether or not there is such a user: the same
/// statements in both cases, so that neither the answer nor its time says who exists. Whoever is locked out locks out
/// no other name, nor that name elsewhere: for that it takes ten addresses.
/// </summary>
internal sealed class FailedSignIns(
    IdentitySource identity, IdentitySettings settings, AttemptsOf attempts, TimeProvider clock)
{
    private const string Everywhere = "*";

    /// <summary>With the ten that one address may try, what NIST SP 800-63B allows in all.</summary>
    private const int AddressesThatLockOut = 10;

    private const string Table = $"{IdentityDatabase.Schema}.failed_sign_ins";

    /// <summary>
    /// Counts an attempt before it is made: many at once are no more than so many one after the other. Knocking on at
    /// a name that is locked out does not lengthen it.
    /// </summary>
    /// <returns>Whether the attempt may be made.</returns>
    public async Task<bool> AdmitAsync(string name, string network, CancellationToken cancellationToken) =>
        attempts.People.PauseFor(name, network) is null
        && await CountAsync(name, network, settings.PasswordFailures, cancellationToken)
        && await CountAsync(name, Everywhere, settings.PasswordFailures * AddressesThatLockOut, cancellationToken);

    /// <summary>An attempt that was made came to no good end.</summary>
    public void Note(string name, string network) => attempts.People.Fail(name, network);

    /// <summary>The name came in from there.</summary>
    public async Task ForgetAsync(string name, string network, CancellationToken cancellationToken)
    {
        attempts.People.Succeed(name, network);
        await using var command = identity.Source.CreateCommand(
            $"delete from {Table} where name_hash = $1 and network in ($2, '{Everywhere}')");
        Add(command, HashOf(name), network);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<bool> CountAsync(
        string name, string network, int most, CancellationToken cancellationToken)
    {
        await using var command = identity.Source.CreateCommand(
            $"""
            insert into {Table} as known (name_hash, network, failures, ends_at) values ($1, $5, 1, $3)
            on conflict (name_hash, network) do update set
                failures = case when known.ends_at <= $2 then 1 else least(known.failures, $4) + 1 end,
                ends_at = case when known.ends_at <= $2 or known.failures < $4 then $3 else known.ends_at end
            returning failures <= $4
            """);
        var now = clock.GetUtcNow();
        Add(command, HashOf(name), now, now + settings.LockOut, most, network);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Everywhere: an administrator has unlocked it.</summary>
    public async Task ForgetAsync(string name, CancellationToken cancellationToken)
    {
        attempts.People.Forget(name);
        await using var command = identity.Source.CreateCommand($"delete from {Table} where name_hash = $1");
        Add(command, HashOf(name));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Drops what has run out.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var command = identity.Source.CreateCommand($"delete from {Table} where ends_at <= $1");
        Add(command, clock.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What people type may be anything, a password in the wrong field included: it is not stored.</summary>
    private static byte[] HashOf(string name) => SHA256.HashData(Encoding.UTF8.GetBytes(name.ToUpperInvariant()));

    private static void Add(NpgsqlCommand command, params object[] values)
    {
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }
    }
}
