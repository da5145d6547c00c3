using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Traceability.Broker.Log;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain;
using Traceability.Domain.Releases;
using Traceability.Hosting;
using Traceability.Storage;
using Operator = Traceability.Domain.Operators.Operator;
using Release = Traceability.Domain.Releases.Release;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Broker.Exchange;

/// <summary>Takes disclosures, decides, stores and delivers them.</summary>
[AllowRoles(Roles.Node)]
internal sealed class ExchangeServer(BrokerStore store, MailSignals signals) : ExchangeService.ExchangeServiceBase
{
    private const int MaxStatement = 64 * 1024;

    /// <summary>How soon a message that another replica took is seen here.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>How soon a message behind an open transaction is looked for again.</summary>
    private static readonly TimeSpan SettleInterval = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(15);

    public override async Task<SubmitDisclosureResponse> SubmitDisclosure(
        SubmitDisclosureRequest request, ServerCallContext context)
    {
        var input = new Input();
        var messageId = input.Id("message_id", request.MessageId);
        var tradeId = input.Id("trade_id", request.TradeId);
        var purpose = input.OneOf("purpose", request.Purpose, Purposes.All);
        input.Text("sealed_statement", request.SealedStatement, 1, MaxStatement);
        input.ThrowIfInvalid();

        var caller = context.Caller().OperatorId;
        var trade = await store.ReadAsync<Trade>(Keys.Trade(tradeId), context.CancellationToken);
        var refusal = await DecideAsync(caller, tradeId, purpose, trade, context.CancellationToken);
        var message = new MailboxMessage
        {
            MessageId = request.MessageId,
            TradeId = request.TradeId,
            SenderOperatorId = caller.ToString(),
            SubmitTime = store.Now.ToTimestamp(),
            Traceparent = System.Diagnostics.Activity.Current?.Id ?? "",
            Disclosure = new() { SealedStatement = request.SealedStatement },
        };
        if (refusal is null)
        {
            await new Mailbox(store.Source, trade!.BuyerId).MustHaveRoomAsync(context.CancellationToken);
        }

        await store.WorkAsync(context, work => Task.FromResult(
            Record(work, messageId, tradeId, purpose, caller, trade, message, refusal)));
        if (refusal is not null)
        {
            throw refusal;
        }

        signals.Signal(trade!.BuyerId);
        return new();
    }

    public override async Task WatchMessages(
        WatchMessagesRequest request,
        IServerStreamWriter<WatchMessagesResponse> responseStream,
        ServerCallContext context)
    {
        var cursor = ParseCursor(request.Cursor);
        var recipient = (await store.CallerAsync(context)).OperatorId;
        var mailbox = new Mailbox(store.Source, recipient);
        var quietSince = store.Now;
        while (true)
        {
            var signal = signals.Next(recipient);
            var (page, more) = await mailbox.ReadAsync(cursor, context.CancellationToken);
            foreach (var (place, message) in page)
            {
                cursor = place;
                if (await MayBeDeliveredAsync(message, context.CancellationToken))
                {
                    await SendAsync(responseStream, message, cursor, context);
                    quietSince = store.Now;
                }
            }

            if (page.Count == 0)
            {
                await WaitAsync(signal, more ? SettleInterval : LookInterval, context.CancellationToken);
            }

            if (store.Now - quietSince >= CheckpointInterval)
            {
                await store.CallerAsync(context);
                await SendAsync(responseStream, null, cursor, context);
                quietSince = store.Now;
            }
        }
    }

    public override async Task<AcknowledgeMessagesResponse> AcknowledgeMessages(
        AcknowledgeMessagesRequest request, ServerCallContext context)
    {
        var cursor = ParseCursor(request.Cursor);
        var recipient = (await store.CallerAsync(context)).OperatorId;
        await new Mailbox(store.Source, recipient).AcknowledgeAsync(cursor, context.CancellationToken);
        return new();
    }

    /// <summary>
    /// The message and the decision, in one transaction; both only if the message is new. A refusal is logged too.
    /// </summary>
    private bool Record(
        Work work, Guid messageId, Guid tradeId, string purpose, Guid supplier, Trade? trade, MailboxMessage message,
        RefusedException? refusal)
    {
        var now = DecisionRecord.Whole(store.Now);
        if (refusal is null)
        {
            var disclosed = Seal(new(supplier, trade!.BuyerId, tradeId, messageId, purpose, "", now));
            work.Sql(
                $"""
                with fresh as (
                    insert into {EventStore.Schema}.mailbox (message_id, recipient_id, trade_id, message)
                    values (?, ?, ?, ?) on conflict do nothing returning message_id)
                insert into {EventStore.Schema}.decision
                    (supplier_id, buyer_id, trade_id, message_id, purpose, reason, decided_at, salt, seal)
                select ?, ?, ?, message_id, ?, '', ?, ?, ? from fresh
                """,
                messageId, trade.BuyerId, tradeId, message.ToByteArray(), supplier, trade.BuyerId, tradeId, purpose,
                now, disclosed.Salt, disclosed.Seal);
            return true;
        }

        var reason = GrpcErrorNames.Of(refusal.Reason);
        var refused = Seal(new(supplier, null, tradeId, messageId, purpose, reason, now));
        work.Sql(
            $"""
            insert into {EventStore.Schema}.decision
                (supplier_id, buyer_id, trade_id, message_id, purpose, reason, decided_at, salt, seal)
            values (?, null, ?, ?, ?, ?, ?, ?, ?)
            """,
            supplier, tradeId, messageId, purpose, reason, now, refused.Salt, refused.Seal);
        return false;

        SealedDecision Seal(DecisionRecord decision) => SealedDecision.Of(decision, store.LogKeys.SealKey);
    }

    private async Task<RefusedException?> DecideAsync(
        Guid supplier, Guid tradeId, string purpose, Trade? trade, CancellationToken cancellationToken)
    {
        // Side by side: each is a round trip, and all of them stand before every disclosure.
        var release = store.ReadAsync<Release>(Keys.Release(tradeId), cancellationToken);
        var supplierActive = IsActiveAsync(supplier, cancellationToken);
        var buyerActive = IsActiveAsync(trade?.BuyerId ?? supplier, cancellationToken);
        try
        {
            DisclosurePolicy.Decide(
                new DisclosureCase(
                    supplier,
                    tradeId,
                    purpose,
                    trade,
                    await release,
                    await supplierActive,
                    trade is not null && await buyerActive),
                store.Now);
            return null;
        }
        catch (RefusedException refusal)
        {
            return refusal;
        }
    }

    /// <summary>What was taken before a revocation, and is still here after it, is not delivered any more.</summary>
    private async Task<bool> MayBeDeliveredAsync(MailboxMessage message, CancellationToken cancellationToken)
    {
        if (message.ContentCase != MailboxMessage.ContentOneofCase.Disclosure)
        {
            return true;
        }

        var tradeId = Guid.Parse(message.TradeId);
        var release = await store.ReadAsync<Release>(Keys.Release(tradeId), cancellationToken);
        var trade = await store.ReadAsync<Trade>(Keys.Trade(tradeId), cancellationToken);
        var supplier = Guid.Parse(message.SenderOperatorId);
        return release is not null
            && await DecideAsync(supplier, tradeId, release.Purpose, trade, cancellationToken) is null;
    }

    private async Task<bool> IsActiveAsync(Guid operatorId, CancellationToken cancellationToken) =>
        await store.ReadAsync<Operator>(Keys.Operator(operatorId), cancellationToken) is { Active: true };

    private static MailCursor ParseCursor(string text)
    {
        var input = new Input();
        if (!MailCursor.TryParse(text, out var cursor))
        {
            input.Violate("cursor", text, "must be empty, or a cursor that WatchMessages has sent.");
        }

        input.ThrowIfInvalid();
        return cursor;
    }

    private static Task SendAsync(
        IServerStreamWriter<WatchMessagesResponse> stream, MailboxMessage? message, MailCursor cursor,
        ServerCallContext context) =>
        stream.SendAsync(new WatchMessagesResponse { Message = message, Cursor = $"{cursor}" }, context);

    private static async Task WaitAsync(Task signal, TimeSpan longest, CancellationToken cancellationToken)
    {
        try
        {
            await signal.WaitAsync(longest, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nothing arrived here; another replica may have taken something.
        }
    }
}
