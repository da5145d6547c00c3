using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Operators;
using Operator = Traceability.Domain.Operators.Operator;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker;

/// <summary>The one transaction of an act.</summary>
internal sealed class BrokerSession(OpenTransaction open, OperatorId caller, DateTimeOffset now) : ActSession(open)
{
    private readonly List<OperatorId> _recipients = [];

    /// <summary>Who acts.</summary>
    public OperatorId Caller => caller;

    /// <summary>The moment of the act.</summary>
    public DateTimeOffset Now => now;

    /// <summary>Who has got a message.</summary>
    public IReadOnlyList<OperatorId> Recipients => _recipients;

    /// <summary>The caller's own operator, which must be active: looked at before anything else.</summary>
    public async Task<Operator> CallerAsync(CancellationToken cancellationToken) =>
        Active(await ReadAsync<Operator>(StreamNames.Operator(caller), cancellationToken), caller);

    /// <summary>A trade that concerns the caller; to everybody else it does not exist.</summary>
    public async Task<Trade> TradeAsync(TradeId tradeId, CancellationToken cancellationToken)
    {
        await FetchAsync(
            cancellationToken,
            Fetch.Of<Operator>(StreamNames.Operator(caller)),
            Fetch.ToDecide<Trade>(StreamNames.Trade(tradeId)));
        Active(Known<Operator>(StreamNames.Operator(caller)), caller);
        var trade = Known<Trade>(StreamNames.Trade(tradeId))
            ?? throw RefusedException.NotDisclosed("Trade", "trade_id", tradeId);
        trade.MustConcern(caller);
        return trade;
    }

    /// <summary>The caller and another member know each other from now on.</summary>
    public Task IntroduceAsync(OperatorId other, IntroducedBy by, CancellationToken cancellationToken) =>
        DecideAsync<Acquaintance>(
            StreamNames.Acquaintance(caller, other),
            known => Acquaintance.Introduce(known, caller, other, by, now),
            cancellationToken);

    /// <summary>Decides about a trade, and tells the other side if that was news.</summary>
    public async Task<Decided<Trade>> DecideTradeAsync(
        TradeId tradeId, Func<Trade?, object[]> decide, OperatorId recipient, MailboxMessage notice,
        CancellationToken cancellationToken)
    {
        var decided = await DecideAsync<Trade>(StreamNames.Trade(tradeId), decide, cancellationToken);
        if (decided.Events.Count > 0)
        {
            Post(recipient, tradeId, notice);
        }

        return decided;
    }

    /// <summary>Puts a message of the broker into a mailbox, in the transaction of what it tells.</summary>
    public void Post(OperatorId recipient, TradeId tradeId, MailboxMessage message)
    {
        message.MessageId = Guid.CreateVersion7(now).ToString();
        message.TradeId = tradeId.ToString();
        message.SenderOperatorId = caller.ToString();
        message.SubmitTime = now.ToTimestamp();
        message.Traceparent = Activity.Current?.Id ?? "";
        Tell(recipient);
        Queue(
            $"""
            insert into {EventDatabases.Schema}.mailbox (message_id, recipient_id, trade_id, message)
            values (?, ?, ?, ?)
            """,
            Guid.Parse(message.MessageId),
            recipient.Value,
            tradeId.Value,
            message.ToByteArray());
    }

    /// <summary>The recipient is woken once this is committed.</summary>
    public void Tell(OperatorId recipient) => _recipients.Add(recipient);

    private static Operator Active(Operator? member, OperatorId operatorId)
    {
        var found = member ?? throw RefusedException.NotDisclosed("Operator", "operator_id", operatorId);
        found.MustBeActive();
        return found;
    }
}
