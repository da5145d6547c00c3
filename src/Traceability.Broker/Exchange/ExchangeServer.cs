using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain.Releases;
using Traceability.Hosting;

namespace Traceability.Broker.Exchange;

/// <summary>Takes disclosures, decides, stores and delivers them.</summary>
[AllowRoles(Roles.Node)]
internal sealed class ExchangeServer(BrokerDatabase broker, MailSignals signals) : ExchangeService.ExchangeServiceBase
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
        var act = new SubmitDisclosure(
            input.Id<MessageId>("message_id", request.MessageId),
            input.Id<TradeId>("trade_id", request.TradeId),
            input.OneOf("purpose", request.Purpose, Purposes.All),
            input.Text("sealed_statement", request.SealedStatement, 1, MaxStatement),
            broker.LogKeys.SealKey);
        input.ThrowIfInvalid();
        return await broker.DoAsync(act, context) is { } refusal ? throw refusal : new();
    }

    public override async Task WatchMessages(
        WatchMessagesRequest request,
        IServerStreamWriter<WatchMessagesResponse> responseStream,
        ServerCallContext context)
    {
        var cursor = ParseCursor(request.Cursor);
        var recipient = (await broker.CallerAsync(context)).OperatorId;
        var mailbox = new Mailbox(recipient);
        var quietSince = broker.Now;
        while (true)
        {
            var signal = signals.Next(recipient);
            var (page, more) = await mailbox.ReadAsync(broker.Source, cursor, context.CancellationToken);
            WatchMessagesResponse? held = null;
            foreach (var (place, message) in page)
            {
                cursor = place;
                if (await MayBeDeliveredAsync(message, recipient, context.CancellationToken))
                {
                    await SendAsync(responseStream, held, moreFollow: true, context);
                    held = new() { Message = message, Cursor = $"{cursor}" };
                    quietSince = broker.Now;
                }
            }

            await SendAsync(responseStream, held, moreFollow: false, context);
            if (page.Count == 0)
            {
                await WaitAsync(signal, more ? SettleInterval : LookInterval, context.CancellationToken);
            }

            if (broker.Now - quietSince >= CheckpointInterval)
            {
                await broker.CallerAsync(context);
                await SendAsync(responseStream, new() { Cursor = $"{cursor}" }, moreFollow: false, context);
                quietSince = broker.Now;
            }
        }
    }

    public override async Task<AcknowledgeMessagesResponse> AcknowledgeMessages(
        AcknowledgeMessagesRequest request, ServerCallContext context)
    {
        var cursor = ParseCursor(request.Cursor);
        var recipient = (await broker.CallerAsync(context)).OperatorId;
        await new Mailbox(recipient).AcknowledgeAsync(broker.Source, cursor, context.CancellationToken);
        return new();
    }

    private async Task<bool> MayBeDeliveredAsync(
        MailboxMessage message, OperatorId recipient, CancellationToken cancellationToken)
    {
        await using var session = broker.Query();
        return await DisclosureRule.MayBeDeliveredAsync(session, message, recipient, broker.Now, cancellationToken);
    }

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

    private static async Task SendAsync(
        IServerStreamWriter<WatchMessagesResponse> stream, WatchMessagesResponse? response, bool moreFollow,
        ServerCallContext context)
    {
        if (response is not null)
        {
            response.MoreFollow = moreFollow;
            await stream.SendAsync(response, context);
        }
    }

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
