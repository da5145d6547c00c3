using Grpc.Core;
using Traceability.Node.Exchange.Transport;

namespace Traceability.Node.Operators;

/// <summary>Whether somebody belongs to the federation.</summary>
internal static class Members
{
    /// <summary>
    /// Those who do not, as far as the broker can be asked: one that is away is not waited for more than once.
    /// </summary>
    public static async Task<IReadOnlySet<OperatorId>> StrangersAsync(
        this BrokerClient broker, IEnumerable<OperatorId> named, CancellationToken cancellationToken)
    {
        HashSet<OperatorId> strangers = [];
        foreach (var id in named.Distinct())
        {
            try
            {
                await broker.OperatorAsync(id, cancellationToken);
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.PermissionDenied)
            {
                strangers.Add(id);
            }
            catch (Exception exception) when (exception is RpcException or HttpRequestException)
            {
                break;
            }
        }

        return strangers;
    }
}
