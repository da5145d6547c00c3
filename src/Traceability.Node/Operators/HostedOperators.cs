using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Traceability.Domain;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Storage;

namespace Traceability.Node.Operators;

/// <summary>The operators of this node. They come one by one, and nothing of one is reachable from another.</summary>
internal sealed class HostedOperators : IHealthCheck, IDisposable
{
    private readonly EventStore _store;
    private const int ShortestSecret = 32;

    private readonly HostSettings _host;
    private readonly string _keySecret;
    private readonly TimeProvider _clock;
    private readonly GrpcChannel _broker;
    private readonly SocketsHttpHandler _tokens;
    private readonly ConcurrentDictionary<Guid, HostedOperator> _operators = [];
    private readonly Channel<HostedOperator> _arrivals = Channel.CreateUnbounded<HostedOperator>();

    public HostedOperators(NodeSettings node, HostSettings host, EventStore store, TimeProvider clock)
    {
        (_store, _host, _clock) = (store, host, clock);
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
        var id = call.Caller().OperatorId;
        return _operators.GetValueOrDefault(id) ?? throw RefusedException.NotDisclosed("Operator", "operator_id", id);
    }

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
            OperatorKeys.LoadOrCreate(settings.Keys, _keySecret),
            new BrokerClient(_broker, tokens, _clock),
            _store);
        await _store.MigrateAsync(hosted.Database, cancellationToken);
        if (_operators.TryAdd(settings.OperatorId, hosted))
        {
            _arrivals.Writer.TryWrite(hosted);
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

        return HealthCheckResult.Healthy();
    }
}
