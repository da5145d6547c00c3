using System.Diagnostics;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain;
using Traceability.Hosting;
using Traceability.Proofs.Logs;
using Traceability.Storage;
using Traceability.Storage.Logs;
using Operator = Traceability.Domain.Operators.Operator;

namespace Traceability.Broker;

/// <summary>The broker's one database.</summary>
internal sealed class BrokerStore(EventStore store, TimeProvider clock, IConfiguration configuration) : IHealthCheck
{
    private readonly string _database = configuration["Broker:Database"] ?? "broker";
    private HistoryLog? _log;

    /// <summary>With which the broker signs its own log, and cosigns those of its members.</summary>
    public LogKeys LogKeys { get; } = LogKeys.Of(
        LogKeys.BrokerOrigin,
        Encoding.UTF8.GetBytes(File.ReadAllText(configuration["Broker:LogSecretFile"]
            ?? throw new InvalidOperationException(
                "Broker:LogSecretFile must name a file with at least 32 random characters.")).Trim()));

    /// <summary>The tamper-evident log of the broker's own events.</summary>
    public HistoryLog Log => _log ?? throw new InvalidOperationException("Migrate first.");

    public NpgsqlDataSource Source => store.Source(_database);

    public DateTimeOffset Now => clock.GetUtcNow();

    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await store.MigrateAsync(_database, cancellationToken);
        _log = store.KeepLog(_database, LogKeys);
    }

    public Task<T> WorkAsync<T>(ServerCallContext call, Func<Work, Task<T>> work) => store.WorkAsync(
        _database,
        new Provenance(call.Caller().ClientId, Activity.Current?.Id, call.Method),
        work,
        call.CancellationToken);

    /// <summary>Work of the broker itself.</summary>
    public Task<T> WorkAsync<T>(string causation, Func<Work, Task<T>> work, CancellationToken cancellationToken) =>
        store.WorkAsync(
            _database, new Provenance("broker", Activity.Current?.Id, causation), work, cancellationToken);

    public Task<IReadOnlyList<object>> EventsAsync(string key, CancellationToken cancellationToken) =>
        store.EventsAsync(_database, key, cancellationToken);

    public Task<T?> ReadAsync<T>(string key, CancellationToken cancellationToken)
        where T : class => store.ReadAsync<T>(_database, key, cancellationToken);

    public Task<IReadOnlyList<T>> QueryAsync<T>(
        string where, CancellationToken cancellationToken, params object[] values)
        where T : class => store.QueryAsync<T>(_database, where, cancellationToken, values);

    /// <summary>The caller's own operator, which must be active: asked by every call before anything else.</summary>
    public async Task<Operator> CallerAsync(ServerCallContext call)
    {
        var id = call.Caller().OperatorId;
        var member = await ReadAsync<Operator>(Keys.Operator(id), call.CancellationToken)
            ?? throw RefusedException.NotDisclosed("Operator", "operator_id", id);
        member.MustBeActive();
        return member;
    }

    /// <summary>Puts a message into a mailbox, in the transaction of what it tells.</summary>
    public void Post(Work work, Guid recipient, MailboxMessage message)
    {
        message.SubmitTime = Now.ToTimestamp();
        message.Traceparent = Activity.Current?.Id ?? "";
        work.Sql(
            $"""
            insert into {EventStore.Schema}.mailbox (message_id, recipient_id, trade_id, message)
            values (?, ?, ?, ?)
            """,
            Guid.Parse(message.MessageId),
            recipient,
            Guid.Parse(message.TradeId),
            message.ToByteArray());
    }

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var command = Source.CreateCommand("select 1");
        await command.ExecuteScalarAsync(cancellationToken);
        return HealthCheckResult.Healthy();
    }
}
