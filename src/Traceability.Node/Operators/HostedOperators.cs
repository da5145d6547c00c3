using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Traceability.Domain;
using Traceability.Hosting;
using Traceability.Node.Exchange;
using Traceability.Storage;

namespace Traceability.Node.Operators;

/// <summary>The operators of this node.</summary>
internal sealed class HostedOperators : IHealthCheck, IDisposable
{
    private readonly EventStore _store;
    private readonly Dictionary<Guid, HostedOperator> _operators;

    public HostedOperators(NodeSettings node, HostSettings host, EventStore store, TimeProvider clock)
    {
        _store = store;
        // A channel takes its handler for itself, so tokens are fetched through another.
        var federation = new FederationHandler(host);
        var channel = GrpcChannel.ForAddress(
            node.Broker, new GrpcChannelOptions { HttpHandler = federation.Create(), DisposeHttpClient = true });
        var handler = federation.Create();
        _operators = node.Operators.ToDictionary(one => one.OperatorId, one => new HostedOperator(
            one.OperatorId,
            OperatorKeys.LoadOrCreate(one.Keys),
            new BrokerClient(channel, Tokens(one), clock),
            store));

        FederationTokens Tokens(OperatorSettings one) => new(
            new HttpClient(handler, disposeHandler: false), host.Issuer, one.ClientId, one.ClientSecret, clock);
    }

    public IReadOnlyCollection<HostedOperator> All => _operators.Values;

    /// <summary>
    /// The caller's own operator. One that does not live here gets the stranger's answer to every question.
    /// </summary>
    public HostedOperator Of(ServerCallContext call)
    {
        var id = call.Caller().OperatorId;
        return _operators.GetValueOrDefault(id) ?? throw RefusedException.NotDisclosed("Operator", "operator_id", id);
    }

    public void Dispose()
    {
        foreach (var one in All)
        {
            one.Dispose();
        }
    }

    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        foreach (var one in All)
        {
            await _store.MigrateAsync(one.Database, cancellationToken);
        }
    }

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        foreach (var one in All.Take(1))
        {
            await one.VersionAsync("none", cancellationToken);
        }

        return HealthCheckResult.Healthy();
    }
}
