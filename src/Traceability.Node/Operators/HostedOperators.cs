using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Traceability.Hosting;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Trust;
using Traceability.Storage.Logs;

namespace Traceability.Node.Operators;

/// <summary>The operators of this node. They come one by one, and nothing of one is reachable from another.</summary>
internal sealed partial class HostedOperators : IHealthCheck, IDisposable
{
    private readonly EventDatabases _databases;
    private readonly NodeSettings _node;
    private readonly MustContinue _mustContinue;
    private readonly FollowUp _followUp;
    private readonly HostSettings _host;
    private readonly KeyStores _keyStores;
    private readonly ILogger<HostedOperators> _logger;
    private readonly TimeProvider _clock;
    private readonly BrokerConnections _connections;
    private readonly KeyLog _keyLog;
    private readonly ConcurrentDictionary<OperatorId, HostedOperator> _operators = [];
    private readonly List<Channel<HostedOperator>> _watchers = [];

    public HostedOperators(
        NodeSettings node, HostSettings host, EventDatabases databases, MustContinue mustContinue, FollowUp followUp,
        BrokerConnections connections, KeyLog keyLog, KeyStores keyStores, TimeProvider clock,
        ILogger<HostedOperators> logger)
    {
        (_node, _host, _databases, _connections) = (node, host, databases, connections);
        (_mustContinue, _followUp, _clock, _logger) = (mustContinue, followUp, clock, logger);
        (_keyLog, _keyStores) = (keyLog, keyStores);
    }

    /// <summary>Every operator that lives here and is well, and others as they come.</summary>
    public IAsyncEnumerable<HostedOperator> ArrivalsAsync(CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<HostedOperator>();
        lock (_watchers)
        {
            _watchers.Add(channel);
            All.Where(op => op.Stopped is null).ToList().ForEach(op => channel.Writer.TryWrite(op));
        }

        return channel.Reader.ReadAllAsync(cancellationToken);
    }

    /// <summary>
    /// The caller's own operator. One that does not live here gets the stranger's answer to every question.
    /// </summary>
    public HostedOperator Of(ServerCallContext call)
    {
        var op = EvenStopped(call);
        return op.Stopped is not { } finding ? op : throw op.Refused(finding);
    }

    /// <summary>
    /// One that is not the caller's own: only for what it has granted. Null where it does not live here.
    /// </summary>
    public HostedOperator? Find(OperatorId operatorId) => _operators.GetValueOrDefault(operatorId);

    /// <summary>For the rpcs that find out what is wrong with a stopped operator's history.</summary>
    public HostedOperator EvenStopped(ServerCallContext call)
    {
        var id = call.Caller().OperatorId;
        return _operators.GetValueOrDefault(id) ?? throw RefusedException.NotDisclosed("Operator", "operator_id", id);
    }

    public IEnumerable<HostedOperator> All => _operators.Values;

    /// <summary>
    /// Brings an operator's database up to date and lets it live here. A second time changes nothing.
    /// </summary>
    public async Task HostAsync(OperatorSettings settings, CancellationToken cancellationToken)
    {
        var id = new OperatorId(settings.OperatorId);
        if (_operators.ContainsKey(id))
        {
            return;
        }

        var keys = OperatorKeys.LoadOrCreate(id, settings.Keys, _keyStores.Of(settings), _keyStores.OfTheNode);
        var database = await _databases.OpenAsync(EventDatabases.NameOf(id), keys.Log, cancellationToken);
        if (database.MayRewriteHistory)
        {
            _logger.LogOneRole(database.Name);
        }

        var hosted = new HostedOperator(
            id, keys, BrokerOf(settings), database, _node, _followUp, _keyLog, _clock, _logger);
        await StopIfBrokenAsync(hosted, cancellationToken);
        lock (_watchers)
        {
            if (_operators.TryAdd(id, hosted) && hosted.Stopped is null)
            {
                _watchers.ForEach(watcher => watcher.Writer.TryWrite(hosted));
            }
        }
    }

    private BrokerClient BrokerOf(OperatorSettings settings)
    {
        var trust = settings.Certificate is null
            ? _host.Trust
            : _host.Trust with { Certificate = settings.Certificate, CertificateKey = settings.CertificateKey };
        if (trust.Shown() is not { } shown || !shown.SpeaksFor(settings.OperatorId))
        {
            LogForeignCertificate(new(settings.OperatorId), trust.Certificate);
        }

        var broker = _node.BrokerResource ?? _node.Broker.TrimEnd('/');
        return _connections.Of(trust, new(_host.Issuer, settings.ClientId, settings.ClientSecret, broker));
    }

    /// <summary>Nothing more is answered or done for this operator.</summary>
    public void Stop(HostedOperator op, BrokenHistoryException broken)
    {
        op.Stop(broken.Message);
        LogStopped(op.OperatorId, broken.Message);
    }

    /// <summary>Before anything is done: what is built on a history that was cut off is wrong, too.</summary>
    private async Task StopIfBrokenAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        try
        {
            await _mustContinue(op, cancellationToken);
        }
        catch (BrokenHistoryException broken)
        {
            Stop(op, broken);
        }
    }

    public void Dispose()
    {
        foreach (var one in _operators.Values)
        {
            one.Dispose();
        }
    }

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        foreach (var one in _operators.Values.Take(1))
        {
            await using var command = one.Database.Source.CreateCommand("select 1");
            await command.ExecuteScalarAsync(cancellationToken);
        }

        return _operators.Values.FirstOrDefault(one => one.Stopped is not null) is { } stopped
            ? HealthCheckResult.Degraded($"Operator {stopped.OperatorId} is stopped: {stopped.Stopped}")
            : HealthCheckResult.Healthy();
    }

    [LoggerMessage(LogLevel.Critical, "Operator {OperatorId} is stopped: {Finding}")]
    private partial void LogStopped(OperatorId operatorId, string finding);

    [LoggerMessage(LogLevel.Error, "The certificate {File} does not name operator {OperatorId}: the broker gives no "
        + "tokens for it")]
    private partial void LogForeignCertificate(OperatorId operatorId, string? file);
}
