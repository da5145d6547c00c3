using Npgsql;

namespace Traceability.Storage;

/// <summary>
/// Tables beside the events. Each step runs once per database, in order, under a lock; steps are added, never edited.
/// </summary>
internal static class Migrations
{
    /// <summary>Any number will do, as long as all processes take the same.</summary>
    private const long Lock = 0x5472_6163_6561;

    private static readonly string[] Steps =
    [
        // What was decided and is still to be sent. A row is deleted after the receiver has committed it.
        $"""
        create table {EventStore.Schema}.outbox (
            id bigint generated always as identity primary key,
            kind text not null,
            key text not null,
            payload text not null,
            traceparent text)
        """,

        // Parts whose footprint may have changed and is still to be rolled up.
        $"""
        create table {EventStore.Schema}.recalculation (
            id bigint generated always as identity primary key,
            trace_id uuid not null,
            traceparent text)
        """,

        // How far the broker's messages are stored here.
        $"""
        create table {EventStore.Schema}.exchange_cursor (
            one boolean primary key default true check (one),
            cursor text not null)
        """,

        // Messages on their way (broker). The transaction's own number orders them: a reader never passes a transaction
        // that is still open. The id stays after the acknowledgement, so that a late repeat is no second message.
        $"""
        create table {EventStore.Schema}.mailbox (
            transaction xid8 not null default pg_current_xact_id(),
            id bigint generated always as identity,
            message_id uuid not null primary key,
            recipient_id uuid not null,
            trade_id uuid not null,
            message bytea);
        create index mailbox_waiting on {EventStore.Schema}.mailbox (recipient_id, transaction, id)
            where message is not null
        """,

        // The broker's decisions about disclosures. Never what was disclosed.
        $"""
        create table {EventStore.Schema}.decision (
            id bigint generated always as identity primary key,
            supplier_id uuid not null,
            buyer_id uuid,
            trade_id uuid not null,
            message_id uuid not null,
            purpose text not null,
            reason text not null,
            decided_at timestamptz not null);
        create index decision_supplier on {EventStore.Schema}.decision (supplier_id, id)
        """,

        // What goes into what, and which trades are about a part: the ways up from a change (see Links).
        $"""
        create table {EventStore.Schema}.bill_line (
            child uuid not null, parent uuid not null, primary key (child, parent));
        create index bill_line_parent on {EventStore.Schema}.bill_line (parent);
        create table {EventStore.Schema}.part_trade (
            part uuid not null, trade_id uuid not null, primary key (part, trade_id));
        """,

        // A bill of materials for later is rolled up when its time has come.
        $"alter table {EventStore.Schema}.recalculation add column due_at timestamptz not null default '-infinity'",

        // A buyer reads in the decision log what was shown to it.
        $"create index decision_buyer on {EventStore.Schema}.decision (buyer_id, id)",

        // The tamper-evident log (see Logs/HistoryLog): what waits, leaves in order, the roots of whole subtrees, the
        // checkpoints that were signed, and those of others that were seen.
        $"""
        create table {EventStore.Schema}.log_pending (
            stream_id text not null, version bigint not null, salt bytea not null, payload_hash bytea not null,
            seal bytea not null, primary key (stream_id, version));
        create table {EventStore.Schema}.log_leaf (
            idx bigint primary key, stream_id text not null, version bigint not null, salt bytea,
            payload_hash bytea not null, leaf_hash bytea not null, signed_size bigint not null,
            unique (stream_id, version));
        create table {EventStore.Schema}.log_node (
            level int not null, idx bigint not null, hash bytea not null, primary key (level, idx));
        create table {EventStore.Schema}.log_checkpoint (
            size bigint primary key, note text not null, cosigned boolean not null default false);
        create table {EventStore.Schema}.log_witnessed (origin text primary key, note text not null)
        """,

        // A long queue is worked off in order without sorting it each time.
        $"""
        alter table {EventStore.Schema}.log_pending add column id bigint generated always as identity;
        create unique index log_pending_order on {EventStore.Schema}.log_pending (id)
        """,

        // What makes a decision provable: written with it; the batch is the event that speaks for it in the log.
        $"""
        alter table {EventStore.Schema}.decision
            add column salt bytea, add column seal bytea, add column batch bigint;
        create index decision_waiting on {EventStore.Schema}.decision (id) where batch is null;
        create index decision_batch on {EventStore.Schema}.decision (batch, id)
        """,
    ];

    public static async Task ApplyAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync($"""
            select pg_advisory_xact_lock({Lock});
            create table if not exists {EventStore.Schema}.migration (step int primary key)
            """);
        await using var count = new NpgsqlCommand(
            $"select count(*)::int from {EventStore.Schema}.migration", connection, transaction);
        var done = (int)(await count.ExecuteScalarAsync(cancellationToken))!;
        for (var step = done; step < Steps.Length; step++)
        {
            await RunAsync(Steps[step]);
            await RunAsync($"insert into {EventStore.Schema}.migration values ({step})");
        }

        await transaction.CommitAsync(cancellationToken);

        async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
