using System.Globalization;
using Npgsql;
using Traceability.Contracts.Broker.V1;

namespace Traceability.Broker.Exchange;

/// <summary>
/// A place in a mailbox: the number of the transaction that wrote the message, and the message's own.
/// </summary>
internal readonly record struct MailCursor(ulong Transaction, long Id)
{
    public static bool TryParse(string text, out MailCursor cursor)
    {
        cursor = default;
        if (text.Length == 0)
        {
            return true;
        }

        var parts = text.Split('-');
        if (parts.Length != 2
            || !ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var transaction)
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        cursor = new(transaction, id);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Transaction}-{Id}");
}

/// <summary>Messages of one recipient in the order in which they were committed.</summary>
internal sealed class Mailbox(OperatorId recipient)
{
    private const int PageSize = 100;

    /// <summary>A day of changes of a large supplier base, at most 640 MB of sealed statements.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>
    /// A page, and whether more may follow at once: a transaction that is still open holds later ones back.
    /// </summary>
    public async Task<(IReadOnlyList<(MailCursor Cursor, MailboxMessage Message)> Page, bool More)> ReadAsync(
        NpgsqlDataSource source, MailCursor after, CancellationToken cancellationToken)
    {
        // In the order of the numbers: the name alone is that of the texts, where 10000 comes before 9999.
        await using var command = source.CreateCommand($"""
            select transaction::text, id, message, transaction < pg_snapshot_xmin(pg_current_snapshot()) as settled
            from {EventDatabases.Schema}.mailbox
            where recipient_id = $1 and message is not null and (transaction, id) > ($2::text::xid8, $3)
            order by mailbox.transaction, mailbox.id
            limit {PageSize}
            """);
        AddParameters(command, after);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<(MailCursor, MailboxMessage)> page = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!reader.GetBoolean(3))
            {
                return (page, true);
            }

            var transaction = ulong.Parse(reader.GetString(0), CultureInfo.InvariantCulture);
            var message = MailboxMessage.Parser.ParseFrom(reader.GetFieldValue<byte[]>(2));
            page.Add((new(transaction, reader.GetInt64(1)), message));
        }

        return (page, page.Count == PageSize);
    }

    /// <summary>A recipient that is away for long must not fill the broker: its suppliers keep what is newer, and try
    /// again.</summary>
    public async Task MustHaveRoomAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"""
            select count(*) from (
                select 1 from {EventDatabases.Schema}.mailbox where recipient_id = $1 and message is not null
                limit {MaxWaiting}) waiting
            """,
            connection);
        command.Parameters.AddWithValue(recipient.Value);
        if ((long)(await command.ExecuteScalarAsync(cancellationToken))! >= MaxWaiting)
        {
            throw new RefusedException(
                RefusalReason.LimitExceeded,
                $"{MaxWaiting} messages wait for the receiver already. Try again when it has taken some.",
                ("limit", "mailbox"),
                ("maximum", $"{MaxWaiting}"));
        }
    }

    public async Task AcknowledgeAsync(
        NpgsqlDataSource source, MailCursor upTo, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"""
            update {EventDatabases.Schema}.mailbox set message = null
            where recipient_id = $1 and message is not null and (transaction, id) <= ($2::text::xid8, $3)
            """);
        AddParameters(command, upTo);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private void AddParameters(NpgsqlCommand command, MailCursor cursor)
    {
        command.Parameters.AddWithValue(recipient.Value);
        command.Parameters.AddWithValue(cursor.Transaction.ToString(CultureInfo.InvariantCulture));
        command.Parameters.AddWithValue(cursor.Id);
    }
}
