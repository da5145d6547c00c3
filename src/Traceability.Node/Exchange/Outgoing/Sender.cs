using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using Traceability.Node.Operators;
using Traceability.Node.Releases;
using Traceability.Node.Statements;
using Traceability.Node.Trades;
using DisclosureNotice = Traceability.Node.Statements.DisclosureNotice;

namespace Traceability.Node.Exchange.Outgoing;

/// <summary>
/// Tells the broker what was decided, in order. A row goes after the broker has committed it: said twice is said once,
/// because ids are chosen here. What the broker will not take, now or later, is put aside.
/// </summary>
internal sealed partial class Sender(DisclosureSender disclosures, TimeProvider clock, ILogger<Sender> logger)
{
    /// <summary>What this process notes is told at once; what another does is found by looking.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>How each kind is told; what counts in its trade is told apart: its number is recorded.</summary>
    private static readonly Dictionary<string, Func<HostedOperator, OutboxRow, CancellationToken, Task>> Senders = new()
    {
        [TradeRequestNotice.Kind] = Send<TradeRequestNotice>(TradeRequestSender.SendAsync),
        [TradeAcceptNotice.Kind] = Send<TradeAcceptNotice>(TradeAcceptSender.SendAsync),
        [TradeRejectNotice.Kind] = Send<TradeRejectNotice>(TradeRejectSender.SendAsync),
        [TradeCancelNotice.Kind] = Send<TradeCancelNotice>(TradeCancelSender.SendAsync),
        [TradeEndNotice.Kind] = Send<TradeEndNotice>(TradeEndSender.SendAsync),
        [ReleaseGrantNotice.Kind] = Send<ReleaseGrantNotice>(ReleaseGrantSender.SendAsync),
    };

    public async Task RunAsync(HostedOperator op, CancellationToken cancellationToken)
    {
        await op.PublishAsync(cancellationToken);
        while (true)
        {
            var noticed = op.Noticed.Next;
            var rows = await Outbox.ReadAsync(op.Database.Source, cancellationToken);
            foreach (var row in rows)
            {
                await SendOrSetAsideAsync(op, row, cancellationToken);
                op.Sent.Set();
            }

            if (rows.Count == 0)
            {
                await Task.WhenAny(noticed, Task.Delay(LookInterval, clock, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Trying again what fails for good would hold up everything behind it.</summary>
    private async Task SendOrSetAsideAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken)
    {
        using var activity = HostedOperator.Activities.StartActivity(
            $"send {row.Kind}", ActivityKind.Producer, row.Traceparent);
        try
        {
            await SendAsync(op, row, cancellationToken);
        }
        catch (RefusedException refused) when (
            refused.Reason is not (RefusalReason.InferenceRisk or RefusalReason.KeyNotProven))
        {
            // What may not be shown any more is not shown: somebody has decided so meanwhile.
            LogDropped(row.Kind, row.TradeId, refused.Reason);
            await Outbox.DeleteAsync(op.Database.Source, row.Id, cancellationToken);
        }
        catch (Exception fault) when (!Faults.IsTransient(fault))
        {
            LogSetAside(row.Kind, row.TradeId, Faults.Describe(fault));
            await op.DoAsync(new SetNoticeAside(row, Of(row, fault)), row.Kind, cancellationToken);
        }
    }

    private async Task SendAsync(HostedOperator op, OutboxRow row, CancellationToken cancellationToken)
    {
        if (row.Kind == ReleaseRevokeNotice.Kind)
        {
            var number = await ReleaseRevokeSender.SendAsync(
                op, row.TradeId, Read<ReleaseRevokeNotice>(row), cancellationToken);
            await op.DoAsync(new RecordNumber(row.TradeId, number, row.Id), row.Kind, cancellationToken);
            op.Numbers.Recorded(row.TradeId, number);
        }
        else if (row.Kind != DisclosureNotice.Kind)
        {
            await Senders[row.Kind](op, row, cancellationToken);
            await Outbox.DeleteAsync(op.Database.Source, row.Id, cancellationToken);
        }
        else if (await disclosures.SendAsync(op, row.TradeId, cancellationToken) is { } sent)
        {
            await op.DoAsync(
                new RecordDelivery(sent.Delivered, sent.Number, [row.Id]), row.Kind, cancellationToken);
            op.Numbers.Recorded(row.TradeId, sent.Number);
            op.BrokerLog.Take(sent.Delivered.MessageId, clock.GetUtcNow());
        }
        else
        {
            await Outbox.DeleteAsync(op.Database.Source, row.Id, cancellationToken);
        }
    }

    private static Func<HostedOperator, OutboxRow, CancellationToken, Task> Send<TNotice>(
        Func<HostedOperator, TradeId, TNotice, CancellationToken, Task> send)
        where TNotice : INotice => (op, row, cancellationToken) => send(
            op, row.TradeId, Read<TNotice>(row), cancellationToken);

    private static TNotice Read<TNotice>(OutboxRow row) =>
        JsonSerializer.Deserialize<TNotice>(row.Payload.Length == 0 ? "{}" : row.Payload)!;

    private static Problem Of(OutboxRow row, Exception fault) => new(
        ProblemKind.Notice,
        $"{row.Kind} {row.TradeId}",
        Encoding.UTF8.GetBytes(row.Payload),
        Faults.Describe(fault),
        fault switch
        {
            RefusedException refused => refused.Message,
            RpcException rpc => $"The broker refuses it: {rpc.Status.Detail}",
            _ => "It cannot be made or sent; the log of the node says more.",
        },
        row.Traceparent);

    [LoggerMessage(LogLevel.Error, "{Kind} of trade {TradeId} cannot be sent and was put aside: {Fault}")]
    private partial void LogSetAside(string kind, TradeId tradeId, string fault);

    [LoggerMessage(LogLevel.Information, "{Kind} of trade {TradeId} is not sent any more: {Reason}")]
    private partial void LogDropped(string kind, TradeId tradeId, RefusalReason reason);

    /// <summary>The row leaves the outbox, and its number is taken.</summary>
    private sealed record RecordNumber(TradeId TradeId, SentNumber Number, long Row) : IAct<bool>
    {
        public Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
        {
            MessageNumbers.Record(session, TradeId, Number);
            session.Queue($"delete from {EventDatabases.Schema}.outbox where id = ?", Row);
            return Task.FromResult(true);
        }
    }

    /// <summary>The row leaves the outbox for the problems.</summary>
    private sealed record SetNoticeAside(OutboxRow Row, Problem Problem) : IAct<bool>
    {
        public Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
        {
            session.SetAside(Problem);
            session.Queue($"delete from {EventDatabases.Schema}.outbox where id = ?", Row.Id);
            return Task.FromResult(true);
        }
    }
}
