using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Traceability.Broker.Log;
using Traceability.Contracts.Broker.V1;
using Traceability.Hosting;
using Operator = Traceability.Domain.Operators.Operator;
using Release = Traceability.Domain.Releases.Release;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Exchange;

/// <summary>
/// A supplier hands over a sealed statement. The decision is logged with the message, in one transaction, and so is a
/// refusal.
/// </summary>
/// <param name="MessageId">Chosen by the supplier: the same message again is the same message.</param>
/// <param name="TradeId">Under which trade.</param>
/// <param name="Purpose">What for.</param>
/// <param name="SealedStatement">Not readable here.</param>
/// <param name="SealKey">Vouches for the decision.</param>
/// <returns>Why not; null if it was taken.</returns>
internal sealed record SubmitDisclosure(
    MessageId MessageId, TradeId TradeId, string Purpose, string SealedStatement, byte[] SealKey)
    : IAct<RefusedException?>
{
    public string Turn => StreamNames.Trade(TradeId);

    public async Task<RefusedException?> HandleAsync(BrokerSession session, CancellationToken cancellationToken)
    {
        await session.FetchAsync(
            cancellationToken,
            Fetch.Of<Trade>(StreamNames.Trade(TradeId)),
            Fetch.Of<Release>(StreamNames.Release(TradeId)),
            Fetch.Of<Operator>(StreamNames.Operator(session.Caller)));
        var trade = session.Known<Trade>(StreamNames.Trade(TradeId));
        var buyer = trade is null
            ? null
            : await session.ReadAsync<Operator>(StreamNames.Operator(trade.BuyerId), cancellationToken);
        var refusal = DisclosureRule.Refusal(
            session.Caller, TradeId, Purpose, trade, session.Known<Release>(StreamNames.Release(TradeId)),
            session.Known<Operator>(StreamNames.Operator(session.Caller)), buyer, session.Now);
        if (refusal is null)
        {
            await new Mailbox(trade!.BuyerId)
                .MustHaveRoomAsync(await session.ConnectionAsync(cancellationToken), cancellationToken);
            Take(session, trade);
        }
        else
        {
            Refuse(session, refusal);
        }

        return refusal;
    }

    /// <summary>The message and the decision; both only if the message is new.</summary>
    private void Take(BrokerSession session, Trade trade)
    {
        var message = new MailboxMessage
        {
            MessageId = MessageId.ToString(),
            TradeId = TradeId.ToString(),
            SenderOperatorId = session.Caller.ToString(),
            SubmitTime = session.Now.ToTimestamp(),
            Traceparent = Activity.Current?.Id ?? "",
            Disclosure = new() { SealedStatement = SealedStatement },
        };
        var decision = Seal(session, trade.BuyerId, "");
        session.Tell(trade.BuyerId);
        session.Queue(
            $"""
            with fresh as (
                insert into {EventDatabases.Schema}.mailbox (message_id, recipient_id, trade_id, message)
                values (?, ?, ?, ?) on conflict do nothing returning message_id)
            insert into {EventDatabases.Schema}.decision
                (supplier_id, buyer_id, trade_id, message_id, purpose, reason, decided_at, salt, seal)
            select ?, ?, ?, message_id, ?, '', ?, ?, ? from fresh
            """,
            MessageId.Value, trade.BuyerId.Value, TradeId.Value, message.ToByteArray(), session.Caller.Value,
            trade.BuyerId.Value, TradeId.Value, Purpose, decision.Decision.DecidedAt, decision.Salt, decision.Seal);
    }

    private void Refuse(BrokerSession session, RefusedException refusal)
    {
        var decision = Seal(session, null, GrpcErrorNames.Of(refusal.Reason));
        session.Queue(
            $"""
            insert into {EventDatabases.Schema}.decision
                (supplier_id, buyer_id, trade_id, message_id, purpose, reason, decided_at, salt, seal)
            values (?, null, ?, ?, ?, ?, ?, ?, ?)
            """,
            session.Caller.Value, TradeId.Value, MessageId.Value, Purpose, decision.Decision.Reason,
            decision.Decision.DecidedAt, decision.Salt, decision.Seal);
    }

    private SealedDecision Seal(BrokerSession session, OperatorId? buyer, string reason) => SealedDecision.Of(
        new(
            session.Caller.Value, buyer?.Value, TradeId.Value, MessageId.Value, Purpose, reason,
            DecisionRecord.Whole(session.Now)),
        SealKey);
}
