using Grpc.Core;

namespace Traceability.Node.Operators;

/// <summary>The broker does not answer, which is no refusal of what was asked.</summary>
internal static class BrokerSilence
{
    public static bool Is(Exception exception) =>
        exception is HttpRequestException
            or RpcException { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded };

    public static RefusedException Refusal() => new(
        RefusalReason.PeerUnavailable, "The broker does not answer; repeat the call.", ("peer", "broker"));
}
