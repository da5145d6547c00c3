using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Users;

/// <summary>
/// Counts sign-ins per name that have come to no good end, whether or not there is such a user: the same statements in
/// both cases, so that neither the answer nor its time says who exists. One name that is locked out locks out no other.
/// </summary>
internal sealed class FailedSignIns(IdentitySource identity, IdentitySettings settings, TimeProvider clock)
{
    private const string Table = $"{IdentityDatabase.Schema}.failed_sign_ins";

    /// <summary>
    /// Counts an attempt before it is made: many at once are no more than so many one after the other. Knocking on at
    /// a name that is locked out does not lengthen it.
    /// </summary>
    /// <returns>Whether the attempt may be made.</returns>
    public async Task<bool> AdmitAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = identity.Source.CreateCommand(
            $"""
            insert into {Table} as known (name_hash, failures, ends_at) values ($1, 1, $3)
            on conflict (name_hash) do update set
                failures = case when known.ends_at <= $2 then 1 else least(known.failures, $4) + 1 end,
                ends_at = case when known.ends_at <= $2 or known.failures < $4 then $3 else known.ends_at end
            returning failures <= $4
            """);
        var now = clock.GetUtcNow();
        Add(command, HashOf(name), now, now + settings.LockOut, settings.PasswordFailures);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task ForgetAsync(string name, CancellationToken cancellationToken)
    {
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
