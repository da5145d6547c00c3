using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Clients;

/// <summary>
/// What is different from the provider's own way: secrets are random and long, so one round of a hash is enough, two
/// may be good for a while, and a retired client is an unknown one.
/// </summary>
internal sealed class ClientManager(
    IOpenIddictApplicationCache<Client> cache,
    ILogger<OpenIddictApplicationManager<Client>> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictApplicationStore<Client> store,
    TimeProvider clock)
    : OpenIddictApplicationManager<Client>(cache, logger, options, store)
{
    private const int SecretBytes = 32;

    public static string NewSecret() => RandomNumberGenerator.GetHexString(2 * SecretBytes, lowercase: true);

    public static string HashOf(string secret) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public override async ValueTask<Client?> FindByClientIdAsync(
        string identifier, CancellationToken cancellationToken = default) =>
        // PostgreSQL has no text with a zero in it, and no client is called so.
        !identifier.Contains('\0', StringComparison.Ordinal)
        && await base.FindByClientIdAsync(identifier, cancellationToken) is { RetiredAt: null } client ? client : null;

    public override async ValueTask<bool> ValidateClientSecretAsync(
        Client application, string secret, CancellationToken cancellationToken = default) =>
        await base.ValidateClientSecretAsync(application, secret, cancellationToken)
        || (application.PreviousSecret is { } previous
            && clock.GetUtcNow() < application.PreviousSecretEnds
            && await ValidateClientSecretAsync(secret, previous, cancellationToken));

    protected override ValueTask<string> ObfuscateClientSecretAsync(
        string secret, CancellationToken cancellationToken = default) => new(HashOf(secret));

    protected override ValueTask<bool> ValidateClientSecretAsync(
        string secret, string comparand, CancellationToken cancellationToken = default) =>
        new(CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(HashOf(secret)), Encoding.ASCII.GetBytes(comparand)));
}
