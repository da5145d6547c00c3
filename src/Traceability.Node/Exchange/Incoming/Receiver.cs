using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>
/// Stores what the broker delivers, together with how far it has come and all that follows from it, and acknowledges
/// after that: a message is dealt with once, however often it arrives. One that fails for good is put aside.
/// </summary>
internal sealed partial class Receiver(TimeProvider clock, ILogger<Receiver> logger)
{
    /// <summary>
    /// One change at the far end comes by several ways within some milliseconds; longer would be felt by those who
    /// wait.
    /// </summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// The broker says something four times in this time, if only how far the mailbox is read: a stream that is silent
    /// for longer is dead, whatever the network says.
    /// </summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(1);

    /// <summary>A mailbox that was full for a day is acknowledged in pieces.</summary>
    private const int LongestBurst = 200;

    public async Task RunAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        var request = new WatchMessagesRequest { Cursor = await CursorAsync(op, cancellationToken) };
        using var watch = op.Broker.Exchange.WatchMessages(request, cancellationToken: cancellationToken);
        var next = watch.ResponseStream.MoveNext(cancellationToken);
        while (await next.WaitAsync(LongestSilence, clock, cancellationToken))
        {
            next = await ReceiveBurstAsync(op, watch.ResponseStream, cancellationToken);
        }
    }

    /// <summary>Tries again what was put aside and a person wants tried again.</summary>
    public async Task RetryAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        while (true)
        {
            var retried = op.Retried.Next;
            foreach (var (id, content) in await Retries.ReadAsync(op.Database.Source, cancellationToken))
            {
                var message = MailboxMessage.Parser.ParseFrom(content);
                await ReceiveOneAsync(op, new(message, null, id), cancellationToken);
            }

            await retried.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// What arrives together is stored and rolled up together, so that changes which reach the company by several ways
    /// are passed on as one; then all of it is acknowledged.
    /// </summary>
    private async Task<Task<bool>> ReceiveBurstAsync(
        HostedOperator op, IAsyncStreamReader<WatchMessagesResponse> messages, CancellationToken cancellationToken)
    {
        List<Delivery> burst = [];
        Task<bool> next;
        bool moreFollow;
        do
        {
            moreFollow = messages.Current.MoreFollow;
            if (messages.Current.Message is { } message)
            {
                burst.Add(new(message, messages.Current.Cursor, null));
            }

            next = messages.MoveNext(cancellationToken);
        }
        while (burst.Count is > 0 and < LongestBurst
            && (moreFollow || await ArrivesSoonAsync(next, cancellationToken))
            && await next.WaitAsync(LongestSilence, clock, cancellationToken));

        if (burst.Count > 0)
        {
            await ReceiveAsync(op, burst, cancellationToken);
            await op.Broker.Exchange.AcknowledgeMessagesAsync(
                new AcknowledgeMessagesRequest { Cursor = burst[^1].Cursor },
                await op.Broker.CallAsync(cancellationToken));
        }

        return next;
    }

    private async Task<bool> ArrivesSoonAsync(Task<bool> next, CancellationToken cancellationToken) =>
        next.IsCompleted || await Task.WhenAny(next, Task.Delay(Settling, clock, cancellationToken)) == next;

    /// <summary>If one of several fails, each is tried by itself: the others must not suffer for it.</summary>
    private async Task ReceiveAsync(
        HostedOperator op, List<Delivery> burst, CancellationToken cancellationToken)
    {
        if (burst.Count > 1)
        {
            try
            {
                await StoreAsync(op, burst, cancellationToken);
                return;
            }
            catch (Exception fault) when (!Faults.IsTransient(fault))
            {
                LogBurstFailed(burst.Count, Faults.Describe(fault));
            }
        }

        foreach (var delivery in burst)
        {
            await ReceiveOneAsync(op, delivery, cancellationToken);
        }
    }

    private async Task ReceiveOneAsync(HostedOperator op, Delivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            await StoreAsync(op, [delivery], cancellationToken);
        }
        catch (Exception fault) when (!Faults.IsTransient(fault))
        {
            var message = delivery.Message;
            LogSetAside(message.MessageId, message.ContentCase, Faults.Describe(fault));
            await op.DoAsync(new SetMessageAside(delivery, Of(message, fault)), message.MessageId, cancellationToken);
        }
    }

    private static async Task StoreAsync(
        HostedOperator op, IReadOnlyList<Delivery> burst, CancellationToken cancellationToken)
    {
        try
        {
            await StoreOnceAsync(op, burst, cancellationToken);
        }
        catch
        {
            op.Numbers.Forget();
            throw;
        }
    }

    private static async Task StoreOnceAsync(
        HostedOperator op, IReadOnlyList<Delivery> burst, CancellationToken cancellationToken)
    {
        List<(Delivery, Reaction)> reactions = [];
        foreach (var delivery in burst)
        {
            reactions.Add((delivery, await Reactions.ReadAsync(op, delivery.Message, cancellationToken)));
        }

        // What several messages lead to goes on in the name of the last.
        var last = burst[^1].Message;
        using var activity = HostedOperator.Activities.StartActivity(
            $"receive {last.ContentCase}", ActivityKind.Consumer, last.Traceparent);
        await op.DoAsync(new Receive(reactions), last.MessageId, cancellationToken);
    }

    private static Problem Of(MailboxMessage message, Exception fault) => new(
        ProblemKind.Message,
        $"{message.ContentCase} {message.TradeId}",
        message.ToByteArray(),
        Faults.Describe(fault),
        fault is RefusedException refused
            ? refused.Message
            : "It cannot be read or stored; the log of the node says more.",
        message.Traceparent);

    private static async Task<string> CursorAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await using var command = op.Database.Source.CreateCommand(
            $"select cursor from {EventDatabases.Schema}.exchange_cursor");
        return (string?)await command.ExecuteScalarAsync(cancellationToken) ?? "";
    }

    [LoggerMessage(LogLevel.Warning, "{Count} messages that came together are taken one by one: {Fault}")]
    private partial void LogBurstFailed(int count, string fault);

    [LoggerMessage(LogLevel.Error, "Message {MessageId} ({Kind}) was put aside: {Fault}")]
    private partial void LogSetAside(string messageId, MailboxMessage.ContentOneofCase kind, string fault);
}
