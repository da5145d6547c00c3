using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>Signs what the operator does in a trade.</summary>
internal static class Acts
{
    public static string Sign(
        HostedOperator op, TradeId tradeId, string act, string content = "", SentNumber? number = null) =>
        new SignedAct(act, content, op.HeaderOf(tradeId, number)).Sign(op.Keys.Signing, op.Now);
}
