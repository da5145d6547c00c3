using Grpc.Core;
using Traceability.Domain;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange;

/// <summary>Whether somebody belongs to the federation.</summary>
internal static class Members
{
    /// <summary>A mistyped id is found at once; a broker that is away is not waited for.</summary>
    public static async Task MustBeMemberAsync(
        this HostedOperator op, string field, Guid operatorId, CancellationToken cancellationToken)
    {
        try
        {
            await op.Broker.OperatorAsync(operatorId, cancellationToken);
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.PermissionDenied)
        {
            throw RefusedException.NotDisclosed("Operator", field, operatorId);
        }
        catch (Exception exception) when (exception is RpcException or HttpRequestException)
        {
            // Away: what is decided now holds when the broker is back.
        }
    }
}
