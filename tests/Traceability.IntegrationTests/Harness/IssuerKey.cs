using System.Security.Cryptography;
using Npgsql;
using Traceability.Identity.Keys;
using Traceability.Local.Federation;

namespace Traceability.IntegrationTests.Harness;

/// <summary>What somebody could do who has the identity provider's database and its secret, too.</summary>
internal static class IssuerKey
{
    /// <summary>The key that signs tokens.</summary>
    public static async Task<(string KeyId, ECDsa Key)> ReadAsync(
        LocalFederation processes, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(processes.ConnectionString(processes.BrokerDatabase));
        await using var command = source.CreateCommand(
            "select key_id, sealed from identity.keys where purpose = 'Signing' order by active_at desc limit 1");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var seal = new SecretSeal((await File.ReadAllTextAsync(processes.IdentitySecretFile, cancellationToken)).Trim());
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(seal.Open(reader.GetFieldValue<byte[]>(1)), out _);
        return (reader.GetString(0), key);
    }
}
