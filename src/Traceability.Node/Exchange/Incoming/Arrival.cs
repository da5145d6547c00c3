using System.Text.Json;
using Traceability.Node.Exchange.Transport;
using Traceability.Node.Operators;
using Traceability.Node.Trust;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A message that was believed, and what its number tells about how the broker delivers.</summary>
/// <param name="TradeId">In which trade.</param>
/// <param name="Header">Its number.</param>
/// <param name="Last">The highest number before it.</param>
/// <param name="Repeated">Whether this very message was there already.</param>
internal sealed record Arrival(TradeId TradeId, SealedHeader Header, long Last, bool Repeated)
{
    /// <summary>What came after it says what is so now.</summary>
    public bool IsOld => Repeated || Header.Number < Last;

    public static async Task<Arrival?> ReadAsync(
        HostedOperator op, TradeId tradeId, SealedHeader? header, CancellationToken cancellationToken)
    {
        if (header?.MessageId is not { } messageId)
        {
            return null;
        }

        var last = await op.Numbers.LastReceivedAsync(tradeId, cancellationToken);
        var repeated = header.Number <= last
            && await op.Numbers.HasReceivedAsync(tradeId, new(messageId), cancellationToken);
        op.Numbers.Expect(tradeId, header.Number, new(messageId));
        return new(tradeId, header, last, repeated);
    }

    public async Task StoreAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        MessageNumbers.Receive(session, TradeId, Header.Number, new(Header.MessageId!.Value));
        if (Finding() is { } finding)
        {
            await new RaiseAlarm(finding).HandleAsync(session, cancellationToken);
        }
    }

    private KeyFinding? Finding()
    {
        var (number, since) = (Header.Number, Math.Max(Header.Since, Last + 1));
        if (Repeated)
        {
            return Of("repeated_message", $"{number}", "was delivered again. It was not counted twice.");
        }

        if (number < Last)
        {
            return Of("late_message", $"{number}", $"arrived after message {Last}: it was held back or moved.");
        }

        return since < number
            ? Of(
                "missing_message",
                since == number - 1 ? $"{since}" : $"{since}-{number - 1}",
                $"was sent and did not arrive; message {number} did. What the supplier shows now is in that one. Ask "
                    + "the supplier, and the federation, whether the broker had a reason.")
            : null;
    }

    private KeyFinding Of(string kind, string numbers, string what) => new(
        kind,
        $"{TradeId} {numbers}",
        $"Message {numbers} of trade {TradeId} {what}",
        JsonSerializer.Serialize(new
        {
            trade_id = $"{TradeId}",
            message_id = $"{Header.MessageId}",
            number = Header.Number,
            since = Header.Since,
            last = Last,
        }));
}
