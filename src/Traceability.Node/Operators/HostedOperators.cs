using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Traceability.Domain;
using Traceability.Hosting;
using Traceability.Node.Audit;
using Traceability.Node.Exchange;
using Traceability.Storage;
using Traceability.Storage.Logs;

namespace Traceability.Node.Operators;

/// <summary>The operators of this node. They come one by one, and nothing of one is reachable from another.</summary>
internal sealed partial class HostedOperators : IHealthCheck, IDisposable
{
    private const int ShortestSecret = 32;

    private readonly EventStore _store;
    private readonly HostSettings _host;
    private readonly string _keySecret;
    private readonly TimeProvider _clock;
    private readonly ILogger<HostedOperators> _logger;
    private readonly GrpcChannel _broker;
    private readonly SocketsHttpHandler _tokens;
    private readonly ConcurrentDictionary<Guid, HostedOperator> _operators = [];
    private readonly Channel<HostedOperator> _arrivals = Channel.CreateUnbounded<HostedOperator>();

    public HostedOperators(
        NodeSettings node, HostSettings host, EventStore store, TimeProvider clock, ILogger<HostedOperators> logger)
    {
        (_store, _host, _clock, _logger) = (store, host, clock, logger);
        _keySecret = File.ReadAllText(node.KeySecretFile).Trim();
        if (_keySecret.Length < ShortestSecret)
        {
            throw new InvalidOperationException(
                $"{node.KeySecretFile} must hold at least {ShortestSecret} random characters.");
        }

        // A channel takes its handler for itself, so tokens are fetched through another.
        var federation = new FederationHandler(host);
        _broker = GrpcChannel.ForAddress(
            node.Broker, new GrpcChannelOptions { HttpHandler = federation.Create(), DisposeHttpClient = true });
        _tokens = federation.Create();
    }

    /// <summary>Every operator as it comes to live here. For one reader.</summary>
    public IAsyncEnumerable<HostedOperator> ArrivalsAsync(CancellationToken cancellationToken) =>
        _arrivals.Reader.ReadAllAsync(cancellationToken);

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
    public HostedOperator? Find(Guid operatorId) => _operators.GetValueOrDefault(operatorId);

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
        if (_operators.ContainsKey(settings.OperatorId))
        {
            return;
        }

        var http = new HttpClient(_tokens, disposeHandler: false);
        var tokens = new FederationTokens(http, _host.Issuer, settings.ClientId, settings.ClientSecret, _clock);
        var hosted = new HostedOperator(
            settings.OperatorId,
            OperatorKeys.LoadOrCreate(settings.OperatorId, settings.Keys, _keySecret),
            new BrokerClient(_broker, tokens, _clock),
            _store);
        await _store.MigrateAsync(hosted.Database, cancellationToken);
        await StopIfBrokenAsync(hosted, cancellationToken);
        if (_operators.TryAdd(settings.OperatorId, hosted) && hosted.Stopped is null)
        {
            _arrivals.Writer.TryWrite(hosted);
        }
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
            await LogKeeper.MustContinueAsync(op, cancellationToken);
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

        _broker.Dispose();
        _tokens.Dispose();
    }

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        foreach (var one in _operators.Values.Take(1))
        {
            await one.VersionAsync("none", cancellationToken);
        }

        return _operators.Values.FirstOrDefault(one => one.Stopped is not null) is { } stopped
            ? HealthCheckResult.Degraded($"Operator {stopped.OperatorId} is stopped: {stopped.Stopped}")
            : HealthCheckResult.Healthy();
    }

    [LoggerMessage(LogLevel.Critical, "Operator {OperatorId} is stopped: {Finding}")]
    private partial void LogStopped(Guid operatorId, string finding);
}
