using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Marten;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Traceability.Domain.Operators;
using Traceability.Hosting;
using Traceability.Proofs.Logs;
using Traceability.Storage.Logs;

namespace Traceability.Broker;

/// <summary>The broker's one database, and how acts are done on it.</summary>
internal sealed class BrokerDatabase(
    EventDatabases databases, MailSignals signals, TimeProvider clock, IConfiguration configuration,
    ILogger<BrokerDatabase> logger) : IHealthCheck
{
    private readonly string _name = NameOf(configuration);
    private EventDatabase? _database;

    /// <summary>With which the broker signs its own log, and cosigns those of its members.</summary>
    public LogKeys LogKeys { get; } = LogKeys.Of(LogKeys.BrokerOrigin, LogSecret(configuration));

    /// <summary>The same key, in the name of the log of members' keys.</summary>
    public NoteSigner KeySigner { get; } = LogKeys.Of(LogKeys.KeysOrigin, LogSecret(configuration)).Signer;

    /// <summary>The tamper-evident log of the broker's own events.</summary>
    public HistoryLog Log => Database.Log!;

    public NpgsqlDataSource Source => Database.Source;

    public DateTimeOffset Now => clock.GetUtcNow();

    private EventDatabase Database => _database ?? throw new InvalidOperationException("Open the database first.");

    /// <summary>The name of the database.</summary>
    public static string NameOf(IConfiguration configuration) => configuration["Broker:Database"] ?? "broker";

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        _database = await databases.OpenAsync(_name, LogKeys, cancellationToken);
        if (_database.MayRewriteHistory)
        {
            logger.LogOneRole(_name);
        }
    }

    /// <summary>For questions; each is answered with what is committed then.</summary>
    public IQuerySession Query() => Database.Query();

    /// <summary>The caller's own operator, which must be active.</summary>
    public async Task<Operator> CallerAsync(ServerCallContext call)
    {
        var id = call.Caller().OperatorId;
        await using var session = Query();
        var member = await session.LoadAsync<Operator>(StreamNames.Operator(id), call.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Operator", "operator_id", id);
        member.MustBeActive();
        return member;
    }

    /// <summary>An act in the name of a caller.</summary>
    public Task<T> DoAsync<T>(IAct<T> act, ServerCallContext call) => DoAsync(
        act, new Provenance(call.Caller().Subject, Activity.Current?.Id, call.Method), call.Caller().OperatorId,
        call.CancellationToken);

    /// <summary>An act of the broker itself.</summary>
    public Task<T> DoAsync<T>(IAct<T> act, string causation, CancellationToken cancellationToken) => DoAsync(
        act, new Provenance("broker", Activity.Current?.Id, causation), default, cancellationToken);

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var command = Source.CreateCommand("select 1");
        await command.ExecuteScalarAsync(cancellationToken);
        return HealthCheckResult.Healthy();
    }

    private async Task<T> DoAsync<T>(
        IAct<T> act, Provenance provenance, OperatorId caller, CancellationToken cancellationToken)
    {
        var (result, recipients) = await LostRaceException.RunAsync(
            async () =>
            {
                await using var session = new BrokerSession(
                    await Database.BeginAsync(provenance, TurnOf(act.Turn), cancellationToken), caller, Now);
                var result = await act.HandleAsync(session, cancellationToken);
                await session.CommitAsync(cancellationToken);
                return (result, session.Recipients);
            },
            act.Turn,
            cancellationToken);
        foreach (var recipient in recipients)
        {
            signals.Signal(recipient);
        }

        return result;
    }

    private static byte[] LogSecret(IConfiguration configuration) =>
        Encoding.UTF8.GetBytes(File.ReadAllText(configuration["Broker:LogSecretFile"]
            ?? throw new InvalidOperationException(
                "Broker:LogSecretFile must name a file with at least 32 random characters.")).Trim());

    /// <summary>Two turns of one number would only wait for each other without need.</summary>
    private static long TurnOf(string turn) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(turn)));
}
