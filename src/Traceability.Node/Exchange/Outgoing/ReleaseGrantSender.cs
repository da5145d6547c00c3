using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Operators;
using Traceability.Node.Releases;
using Release = Traceability.Domain.Releases.Release;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Tells the broker what a customer may see.</summary>
internal static class ReleaseGrantSender
{
    public static async Task SendAsync(
        HostedOperator op, TradeId tradeId, ReleaseGrantNotice notice, CancellationToken cancellationToken)
    {
        await using var session = op.Query();
        var release = (await session.LoadAsync<Release>(StreamNames.Release(tradeId), cancellationToken))!;
        if (release.Revision != notice.Revision)
        {
            // A later decision is on its way behind this one, and says all.
            return;
        }

        await op.Broker.Releases.GrantReleaseAsync(
            new GrantReleaseRequest
            {
                TradeId = tradeId.ToString(),
                Fields = { release.Fields.Select(field => (Contracts.Common.V1.FootprintField)field) },
                Purpose = release.Purpose,
                ValidUntilTime = release.ValidUntil?.ToTimestamp(),
                Revision = release.Revision,
            },
            await op.Broker.CallAsync(cancellationToken));
    }
}
