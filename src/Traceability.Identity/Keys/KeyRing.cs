using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using Traceability.Hosting;
using Traceability.Identity.Storage;

namespace Traceability.Identity.Keys;

/// <summary>The keys as they stand, newest first.</summary>
/// <param name="Signing">Public halves are published for all of them.</param>
/// <param name="Signs">The one that signs.</param>
/// <param name="Protection">Encrypt and sign what only the broker reads; the first ones are in use.</param>
internal sealed record KeySet(
    IReadOnlyList<ECDsaSecurityKey> Signing, ECDsaSecurityKey Signs, IReadOnlyList<ProtectionKey> Protection);

/// <summary>Two symmetric keys that come from one stored secret.</summary>
internal sealed record ProtectionKey(SymmetricSecurityKey Encrypts, SymmetricSecurityKey Signs);

/// <summary>
/// The provider's keys: in a table, encrypted with the broker's secret, made and dropped on schedule by whichever
/// replica comes first, and read by all.
/// </summary>
internal sealed class KeyRing : IDisposable
{
    /// <summary>Any number will do, as long as all replicas take the same.</summary>
    private const long Lock = 0x4b65_7973;

    private const int SecretBytes = 32;
    private const string Table = $"{IdentityDatabase.Schema}.keys";

    private readonly NpgsqlDataSource _source;
    private readonly SecretSeal _seal;
    private readonly TimeProvider _clock;
    private readonly Dictionary<KeyPurpose, KeySchedule> _schedules;
    private readonly SemaphoreSlim _loading = new(1);
    private CancellationTokenSource _changed = new();
    private volatile Loaded? _loaded;

    public KeyRing(IdentitySource source, SecretSeal seal, IdentitySettings settings, TimeProvider clock)
    {
        (_source, _seal, _clock) = (source.Source, seal, clock);
        // Clocks of companies differ, and the end of a token is judged by theirs.
        var inFlight = HostingDefaults.ClockSkew;
        _schedules = new()
        {
            [KeyPurpose.Signing] = new(
                settings.KeyLifetime, settings.KeyNotice, settings.AccessTokenLifetime + inFlight),
            [KeyPurpose.Protection] = new(
                settings.KeyLifetime, settings.KeyNotice, settings.SignInLifetime + inFlight),
        };
    }

    /// <summary>The keys as they were read last.</summary>
    public KeySet Current => _loaded?.Set ?? throw new InvalidOperationException("Prepare the provider first.");

    /// <summary>Ends when the keys, or which of them is in use, have changed.</summary>
    public CancellationToken Changed => Volatile.Read(ref _changed).Token;

    /// <summary>Makes the keys that are due and drops those that are gone, then reads what there is.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        await using (var connection = await _source.OpenConnectionAsync(cancellationToken))
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            await ExecuteAsync(connection, $"select pg_advisory_xact_lock({Lock})", cancellationToken);
            var rows = await RowsAsync(connection, cancellationToken);
            foreach (var (purpose, schedule) in _schedules)
            {
                await KeepAsync(connection, purpose, schedule, rows, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        await LoadAsync(cancellationToken);
    }

    /// <summary>Reads the keys, also those that another replica has made.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await _loading.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<Row> rows;
            await using (var connection = await _source.OpenConnectionAsync(cancellationToken))
            {
                rows = await RowsAsync(connection, cancellationToken);
            }

            Use(rows);
        }
        finally
        {
            _loading.Release();
        }
    }

    public void Dispose()
    {
        _loading.Dispose();
        _changed.Dispose();
    }

    private async Task KeepAsync(
        NpgsqlConnection connection, KeyPurpose purpose, KeySchedule schedule, IReadOnlyList<Row> rows,
        CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        KeyTime[] keys = [.. rows.Where(row => row.Purpose == purpose).Select(row => row.Time)];
        if (schedule.Due(keys, now) is { } activeAt)
        {
            await ExecuteAsync(
                connection,
                $"insert into {Table} (key_id, purpose, active_at, sealed) values ($1, $2, $3, $4)",
                cancellationToken,
                $"{Guid.CreateVersion7():n}",
                purpose.ToString(),
                activeAt,
                _seal.Close(Create(purpose)));
        }

        await ExecuteAsync(
            connection,
            $"delete from {Table} where key_id = any($1)",
            cancellationToken,
            (object)schedule.Gone(keys, now).ToArray());
    }

    /// <summary>Opens what is new and tells those who wait for a change.</summary>
    private void Use(IReadOnlyList<Row> rows)
    {
        var known = _loaded;
        var now = _clock.GetUtcNow();
        var current = KeySchedule.Current(Times(KeyPurpose.Signing), now)?.KeyId
            ?? throw new InvalidOperationException("There is no signing key.");
        var protects = KeySchedule.Current(Times(KeyPurpose.Protection), now)?.KeyId
            ?? throw new InvalidOperationException("There is no key that protects refresh tokens.");
        string[] state = [current, protects, .. rows.Select(row => row.Time.KeyId)];
        if (known is not null && known.State.SequenceEqual(state))
        {
            return;
        }

        ECDsaSecurityKey[] signing = [.. rows.Where(row => row.Purpose == KeyPurpose.Signing).Select(Signing)];
        // The one in use first; the others only open what was made under them.
        var protection = rows.Where(row => row.Purpose == KeyPurpose.Protection)
            .OrderByDescending(row => row.Time.KeyId == protects).Select(Protection);
        _loaded = new(state, new(signing, signing.Single(key => key.KeyId == current), [.. protection]));
        Interlocked.Exchange(ref _changed, new()).Cancel();

        IEnumerable<KeyTime> Times(KeyPurpose purpose) =>
            rows.Where(row => row.Purpose == purpose).Select(row => row.Time);
    }

    private static byte[] Create(KeyPurpose purpose)
    {
        if (purpose == KeyPurpose.Protection)
        {
            return RandomNumberGenerator.GetBytes(SecretBytes);
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }

    private ECDsaSecurityKey Signing(Row row)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(_seal.Open(row.Sealed), out _);
        return new(key) { KeyId = row.Time.KeyId };
    }

    private ProtectionKey Protection(Row row)
    {
        var secret = _seal.Open(row.Sealed);
        return new(Derive("encrypts"), Derive("signs"));

        SymmetricSecurityKey Derive(string use) => new(HKDF.DeriveKey(
            HashAlgorithmName.SHA256, secret, SecretBytes, info: System.Text.Encoding.UTF8.GetBytes(use)))
        {
            KeyId = $"{row.Time.KeyId}-{use}",
        };
    }

    private static async Task<IReadOnlyList<Row>> RowsAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select key_id, purpose, active_at, sealed from {Table} order by active_at desc, key_id",
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Row> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new(
                new(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(2)),
                Enum.Parse<KeyPurpose>(reader.GetString(1)),
                reader.GetFieldValue<byte[]>(3)));
        }

        return rows;
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Row(KeyTime Time, KeyPurpose Purpose, byte[] Sealed);

    private sealed record Loaded(string[] State, KeySet Set);
}
