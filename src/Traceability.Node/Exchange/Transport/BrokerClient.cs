using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;
using Traceability.Proofs;

namespace Traceability.Node.Exchange.Transport;

/// <summary>The broker, in the name of one operator.</summary>
internal sealed class BrokerClient
{
    /// <summary>A broker that has not answered by then will be asked again.</summary>
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(10);

    private readonly FederationTokens _tokens;
    private readonly TimeProvider _clock;

    public BrokerClient(ChannelBase channel, FederationTokens tokens, TimeProvider clock)
    {
        (_tokens, _clock) = (tokens, clock);
        Directory = new(channel);
        Trades = new(channel);
        Releases = new(channel);
        Exchange = new(channel);
        Witness = new(channel);
    }

    public DirectoryService.DirectoryServiceClient Directory { get; }

    public TradeService.TradeServiceClient Trades { get; }

    public ReleaseService.ReleaseServiceClient Releases { get; }

    public ExchangeService.ExchangeServiceClient Exchange { get; }

    public WitnessService.WitnessServiceClient Witness { get; }

    /// <summary>Token and deadline of one call.</summary>
    public async Task<CallOptions> CallAsync(CancellationToken cancellationToken) =>
        (await StreamAsync(cancellationToken)).WithDeadline((_clock.GetUtcNow() + CallDeadline).UtcDateTime);

    /// <summary>Token of a call without an end.</summary>
    public async Task<CallOptions> StreamAsync(CancellationToken cancellationToken)
    {
        var token = await _tokens.GetAsync(cancellationToken);
        return new CallOptions(
            new Metadata { { "authorization", $"Bearer {token}" } }, cancellationToken: cancellationToken);
    }

    public async Task<Operator> OperatorAsync(OperatorId operatorId, CancellationToken cancellationToken)
    {
        var request = new GetOperatorRequest { OperatorId = operatorId.ToString() };
        return (await Directory.GetOperatorAsync(request, await CallAsync(cancellationToken))).Operator;
    }

    /// <summary>The key to seal messages to an operator with.</summary>
    public async Task<PublicKey> SealingKeyAsync(OperatorId operatorId, CancellationToken cancellationToken)
    {
        var member = await OperatorAsync(operatorId, cancellationToken);
        var key = member.Keys.LastOrDefault(key => key.Use == KeyUse.Sealing && key.ValidUntilTime is null)
            ?? throw new RpcException(new Status(StatusCode.Unavailable, "The receiver has not published a key yet."));
        return PublicKey.FromJwk(key.Jwk);
    }
}
