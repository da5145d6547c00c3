using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Traceability.Node.Operators;

/// <summary>What was sent last in a trade.</summary>
/// <param name="Number">From 1.</param>
/// <param name="MessageId">The message.</param>
/// <param name="Revision">Of the release under which it was sent.</param>
/// <param name="Since">The first number under that release: the receiver misses none from there on.</param>
internal sealed record SentNumber(long Number, MessageId MessageId, long Revision, long Since);

/// <summary>
/// Numbers of what is sent and received in each trade, so that what the broker drops, repeats or holds back shows. They
/// are looked up once, and then in memory.
/// </summary>
internal sealed class MessageNumbers(NpgsqlDataSource source)
{
    private const string SentTable = $"{EventDatabases.Schema}.message_sent";
    private const string ReceivedTable = $"{EventDatabases.Schema}.message_received";

    private readonly ConcurrentDictionary<TradeId, SentNumber> _sent = [];
    private readonly ConcurrentDictionary<TradeId, Received> _received = [];

    /// <summary>
    /// The number of a message. The same message has the same number again, and one that was never recorded as sent
    /// leaves its number to the next.
    /// </summary>
    public async Task<SentNumber> NextAsync(
        TradeId tradeId, MessageId messageId, long revision, CancellationToken cancellationToken)
    {
        if (!_sent.TryGetValue(tradeId, out var last))
        {
            last = await ReadSentAsync(tradeId, cancellationToken);
        }

        if (last is null)
        {
            return new(1, messageId, revision, 1);
        }

        if (last.MessageId == messageId)
        {
            return last;
        }

        var since = last.Revision == revision ? last.Since : SinceAfter(tradeId, last);
        return new(last.Number + 1, messageId, revision, since);
    }

    /// <summary>What is sent when a release ends: the same after a crash, too.</summary>
    public static MessageId RevocationId(TradeId tradeId, long revision) => new(new Guid(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{tradeId}/revoked/{revision}")).AsSpan(0, 16), bigEndian: true));

    /// <summary>
    /// What was shown under an earlier release the broker may rightly have kept back; that it ended, it may not.
    /// </summary>
    private static long SinceAfter(TradeId tradeId, SentNumber last) =>
        last.MessageId == RevocationId(tradeId, last.Revision) ? last.Number : last.Number + 1;

    /// <summary>In the transaction that records the delivery.</summary>
    public static void Record(OperatorSession session, TradeId tradeId, SentNumber sent) => session.Queue(
        $"""
        insert into {SentTable} (trade_id, number, message_id, revision, since) values (?, ?, ?, ?, ?)
        on conflict (trade_id) do update set number = excluded.number, message_id = excluded.message_id,
            revision = excluded.revision, since = excluded.since
        """,
        tradeId.Value, sent.Number, sent.MessageId.Value, sent.Revision, sent.Since);

    /// <summary>After that transaction.</summary>
    public void Recorded(TradeId tradeId, SentNumber sent) => _sent[tradeId] = sent;

    /// <summary>The highest number that has arrived; 0 for none.</summary>
    public async Task<long> LastReceivedAsync(TradeId tradeId, CancellationToken cancellationToken)
    {
        if (_received.TryGetValue(tradeId, out var known))
        {
            return known.Last;
        }

        await using var command = source.CreateCommand(
            $"select coalesce(max(number), 0) from {ReceivedTable} where trade_id = $1");
        command.Parameters.AddWithValue(tradeId.Value);
        var last = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        _received[tradeId] = new(last, default);
        return last;
    }

    public async Task<bool> HasReceivedAsync(
        TradeId tradeId, MessageId messageId, CancellationToken cancellationToken)
    {
        // What came in the same burst is not stored yet.
        if (_received.TryGetValue(tradeId, out var known) && known.MessageId == messageId)
        {
            return true;
        }

        await using var command = source.CreateCommand(
            $"select exists (select from {ReceivedTable} where trade_id = $1 and message_id = $2)");
        command.Parameters.AddWithValue(tradeId.Value);
        command.Parameters.AddWithValue(messageId.Value);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>What is read after it in the same burst counts on.</summary>
    public void Expect(TradeId tradeId, long number, MessageId messageId) => _received.AddOrUpdate(
        tradeId, new Received(number, messageId), (_, known) => number >= known.Last ? new(number, messageId) : known);

    /// <summary>In the transaction of what the message led to.</summary>
    public static void Receive(OperatorSession session, TradeId tradeId, long number, MessageId messageId) =>
        session.Queue(
            $"""
            insert into {ReceivedTable} (trade_id, number, message_id) values (?, ?, ?) on conflict do nothing
            """,
            tradeId.Value, number, messageId.Value);

    /// <summary>What was expected was not stored: it is looked up again.</summary>
    public void Forget() => _received.Clear();

    /// <summary>The highest number that has arrived, and with which message; default where that was before.</summary>
    private sealed record Received(long Last, MessageId MessageId);

    private async Task<SentNumber?> ReadSentAsync(TradeId tradeId, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select number, message_id, revision, since from {SentTable} where trade_id = $1");
        command.Parameters.AddWithValue(tradeId.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? _sent[tradeId] = new(
                reader.GetInt64(0), new(reader.GetGuid(1)), reader.GetInt64(2), reader.GetInt64(3))
            : null;
    }
}
