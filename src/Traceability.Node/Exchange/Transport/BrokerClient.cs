using Grpc.Core;
using Traceability.Contracts.Broker.V1;

namespace Traceability.Node.Exchange.Transport;

/// <summary>The broker, in the name of the operator whose token and certificate come with the channel.</summary>
internal sealed class BrokerClient(CallInvoker channel, TimeProvider clock)
{
    /// <summary>A broker that has not answered by then will be asked again.</summary>
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(10);

    public DirectoryService.DirectoryServiceClient Directory { get; } = new(channel);

    public TradeService.TradeServiceClient Trades { get; } = new(channel);

    public ReleaseService.ReleaseServiceClient Releases { get; } = new(channel);

    public ExchangeService.ExchangeServiceClient Exchange { get; } = new(channel);

    public WitnessService.WitnessServiceClient Witness { get; } = new(channel);

    public LogService.LogServiceClient Log { get; } = new(channel);

    public KeyLogService.KeyLogServiceClient KeyLog { get; } = new(channel);

    /// <summary>Deadline of one call; its token comes with the channel.</summary>
    public Task<CallOptions> CallAsync(CancellationToken cancellationToken) => Task.FromResult(new CallOptions(
        deadline: (clock.GetUtcNow() + CallDeadline).UtcDateTime, cancellationToken: cancellationToken));

    public async Task<IReadOnlyList<KeyEntry>> KeyEntriesAsync(
        OperatorId ownerId, CancellationToken cancellationToken) => (await KeyLog.GetKeyEntriesAsync(
            new() { OperatorId = $"{ownerId}" }, await CallAsync(cancellationToken))).Entries;

    public async Task<Operator> OperatorAsync(OperatorId operatorId, CancellationToken cancellationToken)
    {
        var request = new GetOperatorRequest { OperatorId = operatorId.ToString() };
        return (await Directory.GetOperatorAsync(request, await CallAsync(cancellationToken))).Operator;
    }
}
