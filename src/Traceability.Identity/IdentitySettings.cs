using Microsoft.Extensions.Configuration;

namespace Traceability.Identity;

/// <summary>What the embedded provider is told by the broker's configuration, section "Identity".</summary>
public sealed record IdentitySettings
{
    /// <summary>Shorter secrets could be guessed.</summary>
    private const int ShortestSecret = 32;

    /// <summary>
    /// Whether the broker is the provider. If not, Host:Issuer names another OpenID Connect provider, and nothing of
    /// this section counts.
    /// </summary>
    public bool Embedded { get; init; } = true;

    /// <summary>
    /// File with the secret that encrypts the provider's keys in the database: at least 32 random characters, the same
    /// for all replicas, from the platform's own store of secrets. Without it everybody has to sign in again, and every
    /// client has to read the keys again.
    /// </summary>
    public string SecretFile { get; init; } = "";

    /// <summary>
    /// File that takes the first administrator's secret, as a profile of the command line. It is written when there is
    /// no administrator client, readable by its owner only, and can be deleted once its secret is stored elsewhere.
    /// </summary>
    public string AdministratorFile { get; init; } = "";

    /// <summary>How long a key signs before the next one does.</summary>
    public TimeSpan KeyLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long a key is published before it signs: long enough for all replicas to know it.</summary>
    public TimeSpan KeyNotice { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A stolen token is of use this long at most.</summary>
    public TimeSpan AccessTokenLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a person is signed in before asked again: a working day.</summary>
    public TimeSpan SignInLifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>
    /// So many wrong passwords in a row from one address lock a name out there; ten times as many from all addresses
    /// lock it out everywhere.
    /// </summary>
    public int PasswordFailures { get; init; } = 10;

    /// <summary>For so long after the last one.</summary>
    public TimeSpan LockOut { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Passwords that one address may try per minute, with names that have not come in from there within the hour.
    /// </summary>
    public int SignInsPerMinute { get; init; } = 120;

    /// <summary>The same for clients with their secrets: a node may have one for each of its companies.</summary>
    public int ClientsPerMinute { get; init; } = 6000;

    /// <summary>How long the one-time code of an invitation is good.</summary>
    public TimeSpan InvitationLifetime { get; init; } = TimeSpan.FromDays(3);

    internal static IdentitySettings Of(IConfiguration configuration) =>
        configuration.GetSection("Identity").Get<IdentitySettings>() ?? new();

    internal string ReadSecret()
    {
        var secret = SecretFile.Length > 0 ? File.ReadAllText(SecretFile).Trim() : "";
        return secret.Length >= ShortestSecret
            ? secret
            : throw new InvalidOperationException(
                $"Identity:SecretFile must name a file with at least {ShortestSecret} random characters.");
    }
}
