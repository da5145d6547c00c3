using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Domain;
using Traceability.Domain.Footprints;
using Traceability.Domain.Parts;
using Traceability.Domain.Quantities;
using Traceability.Domain.Trades;
using Traceability.Evidence;
using Traceability.Node.Footprints;
using Traceability.Node.Operators;
using Traceability.Proofs;
using Traceability.Storage;
using Trade = Traceability.Domain.Trades.Trade;

namespace Traceability.Node.Exchange;

/// <summary>
/// Stores what the broker delivers, together with how far it has come, and acknowledges after that: a message is dealt
/// with once, however often it arrives.
/// </summary>
internal sealed partial class Receiver(
    Recalculation recalculation, TimeProvider clock, ILogger<Receiver> logger)
{
    /// <summary>
    /// One change at the far end comes by several ways within some milliseconds; longer would be felt by those who
    /// wait.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(1);

    /// <summary>A mailbox that was full for a day is acknowledged in pieces.</summary>
    private const int LongestBurst = 200;

    public async Task RunAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await recalculation.RunAsync(op, cancellationToken);
        var request = new WatchMessagesRequest { Cursor = await CursorAsync(op, cancellationToken) };
        using var watch = op.Broker.Exchange.WatchMessages(request, await op.Broker.StreamAsync(cancellationToken));
        var next = watch.ResponseStream.MoveNext(cancellationToken);
        while (await next)
        {
            next = await ReceiveBurstAsync(op, watch.ResponseStream, cancellationToken);
        }
    }

    /// <summary>
    /// Stores what arrives together before anything is rolled up, so that changes which reach the company by several
    /// ways are passed on as one; then acknowledges all of it.
    /// </summary>
    private async Task<Task<bool>> ReceiveBurstAsync(
        HostedOperator op, IAsyncStreamReader<WatchMessagesResponse> messages, CancellationToken cancellationToken)
    {
        var (count, cursor, traceparent) = (0, "", "");
        Task<bool> next;
        while (true)
        {
            if (messages.Current.Message is { } message)
            {
                (cursor, traceparent) = (messages.Current.Cursor, message.Traceparent);
                await ReceiveAsync(op, message, cursor, cancellationToken);
            }

            next = messages.MoveNext(cancellationToken);
            var more = ++count < LongestBurst && cursor.Length > 0 && await ArrivesSoonAsync(next, cancellationToken);
            if (!more || !await next)
            {
                break;
            }
        }

        if (cursor.Length > 0)
        {
            // What several messages led to goes on in the name of the last.
            using var activity = HostedOperator.Activities.StartActivity(
                "roll up", ActivityKind.Internal, traceparent);
            await recalculation.RunAsync(op, cancellationToken);
            await op.Broker.Exchange.AcknowledgeMessagesAsync(
                new AcknowledgeMessagesRequest { Cursor = cursor }, await op.Broker.CallAsync(cancellationToken));
        }

        return next;
    }

    private async Task<bool> ArrivesSoonAsync(Task<bool> next, CancellationToken cancellationToken) =>
        next.IsCompleted || await Task.WhenAny(next, Task.Delay(Settling, clock, cancellationToken)) == next;

    private async Task ReceiveAsync(
        HostedOperator op, MailboxMessage message, string cursor, CancellationToken cancellationToken)
    {
        using var activity = HostedOperator.Activities.StartActivity(
            $"receive {message.ContentCase}", ActivityKind.Consumer, message.Traceparent);
        var received = await ReadDisclosureAsync(op, message, cancellationToken);
        await op.WorkAsync(
            message.MessageId,
            async work =>
            {
                await HandleOrSkipAsync(op, work, message, received, cancellationToken);
                work.Sql(
                    $"""
                    insert into {EventStore.Schema}.exchange_cursor (cursor) values (?)
                    on conflict (one) do update set cursor = excluded.cursor
                    """,
                    cursor);
                return true;
            },
            cancellationToken);
    }

    /// <summary>A message that fits nothing here must not stop those behind it.</summary>
    private async Task HandleOrSkipAsync(
        HostedOperator op, Work work, MailboxMessage message, object? received, CancellationToken cancellationToken)
    {
        try
        {
            await HandleAsync(op, work, message, received, cancellationToken);
        }
        catch (RefusedException refusal)
        {
            LogSkipped(message.MessageId, message.ContentCase, refusal.Reason);
        }
    }

    private Task HandleAsync(
        HostedOperator op, Work work, MailboxMessage message, object? received, CancellationToken cancellationToken)
    {
        var tradeId = Guid.Parse(message.TradeId);
        var sender = Guid.Parse(message.SenderOperatorId);
        var now = clock.GetUtcNow();
        switch (message.ContentCase)
        {
            case MailboxMessage.ContentOneofCase.TradeRequested:
                var letter = OpenLetter(op, message.TradeRequested.SealedLetter);
                var requested = new TradeRequested(
                    tradeId, sender, op.OperatorId, null, letter.Message, letter.DueTime?.ToDateTimeOffset(), now,
                    Unit.Find(letter.DeclaredUnit)?.Name);
                return work.DecideAsync<Trade>(
                    Keys.Trade(tradeId), trade => Trade.Request(trade, requested), cancellationToken);
            case MailboxMessage.ContentOneofCase.TradeAccepted:
                var partRef = message.TradeAccepted.PartRef;
                return work.DecideAsync<Trade>(
                    Keys.Trade(tradeId),
                    trade => Known(trade, tradeId).Accept(null, null, partRef, sender, now),
                    cancellationToken);
            case MailboxMessage.ContentOneofCase.TradeRejected:
                var reason = OpenLetter(op, message.TradeRejected.SealedLetter).Message;
                return WithholdAsync(work, tradeId, trade => trade.Reject(reason, sender, now), cancellationToken);
            case MailboxMessage.ContentOneofCase.TradeCancelled:
                return work.DecideAsync<Trade>(
                    Keys.Trade(tradeId), trade => Known(trade, tradeId).Cancel(sender, now), cancellationToken);
            case MailboxMessage.ContentOneofCase.TradeEnded:
                return work.DecideAsync<Trade>(
                    Keys.Trade(tradeId), trade => Known(trade, tradeId).End(sender, now), cancellationToken);
            case MailboxMessage.ContentOneofCase.ReleaseRevoked:
                return WithholdAsync(work, tradeId, trade => MustBeSupplier(trade, sender), cancellationToken);
            case MailboxMessage.ContentOneofCase.Disclosure:
                return StoreAsync(
                    work, tradeId, received!, message.Disclosure.SealedStatement, cancellationToken);
            default:
                return Task.CompletedTask;
        }
    }

    private async Task WithholdAsync(
        Work work, Guid tradeId, Func<Trade, object[]> decide, CancellationToken cancellationToken)
    {
        var trade = await work.DecideAsync<Trade>(
            Keys.Trade(tradeId), found => decide(Known(found, tradeId)), cancellationToken);
        var traceId = trade.State.DownstreamTraceId!.Value;
        await work.DecideAsync<UpstreamTotal>(
            Keys.Upstream(tradeId),
            existing => UpstreamTotal.Withhold(existing, tradeId, traceId, clock.GetUtcNow()),
            cancellationToken);
        Recalculation.Note(work, traceId);
    }

    private static async Task StoreAsync(
        Work work, Guid tradeId, object received, string sealedStatement, CancellationToken cancellationToken)
    {
        if (received is not UpstreamTotalReceived total)
        {
            await work.RecordAsync(Keys.Upstream(tradeId), received, cancellationToken);
            return;
        }

        var decided = await work.DecideAsync<UpstreamTotal>(
            Keys.Upstream(tradeId),
            existing => UpstreamTotal.Receive(existing, total, sealedStatement),
            cancellationToken);
        if (decided.Events.Any(e => e is UpstreamTotalReceived))
        {
            Recalculation.Note(work, total.TraceId);
        }
    }

    /// <summary>What a disclosure says, or why it cannot be believed. Null for other messages.</summary>
    private async Task<object?> ReadDisclosureAsync(
        HostedOperator op, MailboxMessage message, CancellationToken cancellationToken)
    {
        if (message.ContentCase != MailboxMessage.ContentOneofCase.Disclosure)
        {
            return null;
        }

        var tradeId = Guid.Parse(message.TradeId);
        var sealedStatement = message.Disclosure.SealedStatement;
        try
        {
            var trade = Known(await op.ReadAsync<Trade>(Keys.Trade(tradeId), cancellationToken), tradeId);
            // The supplier's keys are asked for while the statement is opened.
            var asking = op.Broker.OperatorAsync(trade.SupplierId, cancellationToken);
            var (presentation, documents) = Content(Open(op, Sender.DisclosureType, sealedStatement));
            var keys = (await asking).Keys;
            var statement = StatementForm.Read(presentation, keyId => SigningKey(keys, keyId));
            MustFit(statement, trade, keys);
            var certificates = documents.Select(document => ReadCertificate(document, statement, keys)).ToArray();
            await MustConvertAsync(op, statement, trade, cancellationToken);
            return new UpstreamTotalReceived(
                tradeId, trade.DownstreamTraceId!.Value, statement.Version, statement.Figures, statement.Complete,
                statement.DeclaredUnit, statement.Period, presentation, clock.GetUtcNow(), statement.ValidUntil,
                certificates.Length == 0 ? null : certificates, statement.KeyId);
        }
        catch (ProofException exception)
        {
            LogNotBelieved(message.MessageId, exception.Failure);
            return new DisclosureRefused(tradeId, exception.Failure.ToString(), sealedStatement, clock.GetUtcNow());
        }
    }

    private static ReceivedCertificate ReadCertificate(
        string document, ReceivedStatement statement, IReadOnlyCollection<OperatorKey> keys)
    {
        var read = CertificateForm.Read(document, statement, keyId => SigningKey(keys, keyId));
        MustHaveBeenValid(keys, read.KeyId, read.IssuedAt);
        return new(read.Certificate, document);
    }

    /// <summary>A statement, or a list of a statement and the certificates that go with it.</summary>
    private static (string Presentation, string[] Certificates) Content(byte[] opened)
    {
        try
        {
            return JsonNode.Parse(opened) switch
            {
                JsonArray { Count: > 0 } array => (Text(array[0]), [.. array.Skip(1).Select(Text)]),
                var one => (Text(one), []),
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ProofException(ProofFailure.Malformed, "What was sealed is no statement.");
        }

        static string Text(JsonNode? node) => node?.GetValue<string>() ?? throw new JsonException();
    }

    /// <summary>What was sealed before a rotation arrives after it.</summary>
    private static byte[] Open(HostedOperator op, string type, string sealedMessage)
    {
        ProofException? failure = null;
        foreach (var key in op.Keys.Sealing)
        {
            try
            {
                return JsonWebEncryption.Open(key, type, sealedMessage);
            }
            catch (ProofException exception)
            {
                failure ??= exception;
            }
        }

        throw failure!;
    }

    /// <summary>
    /// It must be about this trade's part, by this trade's supplier, under a key that was valid then.
    /// </summary>
    private static void MustFit(ReceivedStatement statement, Trade trade, IEnumerable<OperatorKey> keys)
    {
        MustHaveBeenValid(keys, statement.KeyId, statement.IssuedAt);
        if (statement.Issuer != trade.SupplierId || statement.PartRef != trade.PartRef)
        {
            throw new ProofException(ProofFailure.NotCommitted, "The statement is about something else.");
        }
    }

    private static void MustHaveBeenValid(IEnumerable<OperatorKey> keys, string keyId, DateTimeOffset issuedAt)
    {
        var key = keys.First(key => key.KeyId == keyId);
        var wasValid = key.ValidFromTime.ToDateTimeOffset() <= issuedAt.AddMinutes(1)
            && (key.ValidUntilTime is null || issuedAt < key.ValidUntilTime.ToDateTimeOffset());
        if (!wasValid)
        {
            throw new ProofException(ProofFailure.UnknownKey, "The key was not valid when this was signed.");
        }
    }

    /// <summary>Figures per piece say nothing about a kilogram.</summary>
    private static async Task MustConvertAsync(
        HostedOperator op, ReceivedStatement statement, Trade trade, CancellationToken cancellationToken)
    {
        var part = await op.ReadAsync<Part>(Keys.Part(trade.DownstreamTraceId!.Value), cancellationToken);
        if (!Unit.Find(statement.DeclaredUnit)!.ConvertsTo(part!.Unit))
        {
            throw new ProofException(ProofFailure.NotCommitted, "The statement's unit does not convert to the part's.");
        }
    }

    private static PublicKey? SigningKey(IEnumerable<OperatorKey> keys, string keyId) =>
        keys.FirstOrDefault(key => key.KeyId == keyId && key.Use == KeyUse.Signing) is { } key
            ? PublicKey.FromJwk(key.Jwk)
            : null;

    private static TradeLetter OpenLetter(HostedOperator op, string sealedLetter)
    {
        try
        {
            var json = Open(op, Sender.LetterType, sealedLetter);
            return JsonParser.Default.Parse<TradeLetter>(Encoding.UTF8.GetString(json));
        }
        catch (Exception exception) when (exception is ProofException or InvalidProtocolBufferException)
        {
            // The question stands even if its text cannot be read.
            return new TradeLetter();
        }
    }

    private static Trade Known(Trade? trade, Guid tradeId) =>
        trade ?? throw RefusedException.NotDisclosed("Trade", "trade_id", tradeId);

    private static object[] MustBeSupplier(Trade trade, Guid sender)
    {
        trade.MustBeSupplier(sender);
        return [];
    }

    private static async Task<string> CursorAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await using var command = op.Source.CreateCommand(
            $"select cursor from {EventStore.Schema}.exchange_cursor");
        return (string?)await command.ExecuteScalarAsync(cancellationToken) ?? "";
    }

    [LoggerMessage(LogLevel.Warning, "Message {MessageId} ({Kind}) fits nothing here: {Reason}")]
    private partial void LogSkipped(string messageId, MailboxMessage.ContentOneofCase kind, RefusalReason reason);

    [LoggerMessage(LogLevel.Warning, "Disclosure {MessageId} is not believed: {Failure}")]
    private partial void LogNotBelieved(string messageId, ProofFailure failure);
}
