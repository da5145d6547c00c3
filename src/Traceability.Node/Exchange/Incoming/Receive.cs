using System.Diagnostics;
using Npgsql;
using Traceability.Contracts.Broker.V1;
using Traceability.Node.Operators;

namespace Traceability.Node.Exchange.Incoming;

/// <summary>A message and what goes with its being dealt with.</summary>
/// <param name="Message">What it says.</param>
/// <param name="Cursor">Its place in the mailbox; null for one that is tried again.</param>
/// <param name="Retried">The problem that it was; null for one that comes for the first time.</param>
internal sealed record Delivery(MailboxMessage Message, string? Cursor, long? Retried)
{
    /// <summary>Dealt with is dealt with: in the transaction of what it led to.</summary>
    public void Done(OperatorSession session)
    {
        if (Cursor is not null)
        {
            session.Queue(
                $"""
                insert into {EventDatabases.Schema}.exchange_cursor (cursor) values (?)
                on conflict (one) do update set cursor = excluded.cursor
                """,
                Cursor);
        }

        if (Retried is { } problem)
        {
            session.Queue($"delete from {EventDatabases.Schema}.problem where id = ?", problem);
        }
    }
}

/// <summary>What several messages lead to, in the order in which they came.</summary>
internal sealed record Receive(IReadOnlyList<(Delivery Delivery, Reaction Reaction)> Messages) : IAct<bool>
{
    public async Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        foreach (var (index, (delivery, react)) in Messages.Index())
        {
            if (index > 0)
            {
                await session.FlushAsync(cancellationToken);
            }

            // Each event says which message led to it.
            var message = delivery.Message;
            session.FollowFrom(
                index == Messages.Count - 1 ? Activity.Current?.Id : message.Traceparent, message.MessageId);
            await react(session, cancellationToken);
            delivery.Done(session);
        }

        return true;
    }
}

/// <summary>A message that failed for good waits for a person, and those behind it do not wait.</summary>
internal sealed record SetMessageAside(Delivery Delivery, Problem Problem) : IAct<bool>
{
    public Task<bool> HandleAsync(OperatorSession session, CancellationToken cancellationToken)
    {
        session.SetAside(Problem);
        Delivery.Done(session);
        return Task.FromResult(true);
    }
}

/// <summary>Messages that were put aside and that a person wants tried again.</summary>
internal static class Retries
{
    public static async Task<IReadOnlyList<(long Id, byte[] Content)>> ReadAsync(
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select id, content from {EventDatabases.Schema}.problem where kind = 'message' and retry order by id");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(long, byte[])> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add((reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)));
        }

        return rows;
    }
}
