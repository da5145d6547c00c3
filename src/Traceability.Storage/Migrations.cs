using Npgsql;
using Traceability.Domain;

namespace Traceability.Storage;

/// <summary>
/// Tables beside the events. Each step runs once per database, in order, under a lock; steps are added, never edited.
/// </summary>
internal static class Migrations
{
    /// <summary>Any number will do, as long as all processes take the same.</summary>
    private const long Lock = 0x5472_6163_6561;

    private const string Stale = $"{EventDatabases.Schema}.stale_read_models";

    /// <summary>Not one of Marten's, which cannot say it and would take it away.</summary>
    public const string PartNumberWriting = "part_number_writing";

    private static readonly string[] Steps =
    [
        // What was decided and is still to be sent. A row is deleted after the receiver has committed it.
        $"""
        create table {EventDatabases.Schema}.outbox (
            id bigint generated always as identity primary key,
            kind text not null,
            key text not null,
            payload text not null,
            traceparent text)
        """,

        // Parts whose footprint may have changed and is still to be rolled up.
        $"""
        create table {EventDatabases.Schema}.recalculation (
            id bigint generated always as identity primary key,
            trace_id uuid not null,
            traceparent text)
        """,

        // How far the broker's messages are stored here.
        $"""
        create table {EventDatabases.Schema}.exchange_cursor (
            one boolean primary key default true check (one),
            cursor text not null)
        """,

        // Messages on their way (broker). The transaction's own number orders them: a reader never passes a transaction
        // that is still open. The id stays after the acknowledgement, so that a late repeat is no second message.
        $"""
        create table {EventDatabases.Schema}.mailbox (
            transaction xid8 not null default pg_current_xact_id(),
            id bigint generated always as identity,
            message_id uuid not null primary key,
            recipient_id uuid not null,
            trade_id uuid not null,
            message bytea);
        create index mailbox_waiting on {EventDatabases.Schema}.mailbox (recipient_id, transaction, id)
            where message is not null
        """,

        // The broker's decisions about disclosures. Never what was disclosed.
        $"""
        create table {EventDatabases.Schema}.decision (
            id bigint generated always as identity primary key,
            supplier_id uuid not null,
            buyer_id uuid,
            trade_id uuid not null,
            message_id uuid not null,
            purpose text not null,
            reason text not null,
            decided_at timestamptz not null);
        create index decision_supplier on {EventDatabases.Schema}.decision (supplier_id, id)
        """,

        // What goes into what, and which trades are about a part: the ways up from a change (see Links).
        $"""
        create table {EventDatabases.Schema}.bill_line (
            child uuid not null, parent uuid not null, primary key (child, parent));
        create index bill_line_parent on {EventDatabases.Schema}.bill_line (parent);
        create table {EventDatabases.Schema}.part_trade (
            part uuid not null, trade_id uuid not null, primary key (part, trade_id));
        """,

        // A bill of materials for later is rolled up when its time has come.
        $"alter table {EventDatabases.Schema}.recalculation add column due_at timestamptz not null default '-infinity'",

        // A buyer reads in the decision log what was shown to it.
        $"create index decision_buyer on {EventDatabases.Schema}.decision (buyer_id, id)",

        // The tamper-evident log (see Logs/HistoryLog): what waits, leaves in order, the roots of whole subtrees, the
        // checkpoints that were signed, and those of others that were seen.
        $"""
        create table {EventDatabases.Schema}.log_pending (
            stream_id text not null, version bigint not null, salt bytea not null, payload_hash bytea not null,
            seal bytea not null, primary key (stream_id, version));
        create table {EventDatabases.Schema}.log_leaf (
            idx bigint primary key, stream_id text not null, version bigint not null, salt bytea,
            payload_hash bytea not null, leaf_hash bytea not null, signed_size bigint not null,
            unique (stream_id, version));
        create table {EventDatabases.Schema}.log_node (
            level int not null, idx bigint not null, hash bytea not null, primary key (level, idx));
        create table {EventDatabases.Schema}.log_checkpoint (
            size bigint primary key, note text not null, cosigned boolean not null default false);
        create table {EventDatabases.Schema}.log_witnessed (origin text primary key, note text not null)
        """,

        // A long queue is worked off in order without sorting it each time.
        $"""
        alter table {EventDatabases.Schema}.log_pending add column id bigint generated always as identity;
        create unique index log_pending_order on {EventDatabases.Schema}.log_pending (id)
        """,

        // What makes a decision provable: written with it; the batch is the event that speaks for it in the log.
        $"""
        alter table {EventDatabases.Schema}.decision
            add column salt bytea, add column seal bytea, add column batch bigint;
        create index decision_waiting on {EventDatabases.Schema}.decision (id) where batch is null;
        create index decision_batch on {EventDatabases.Schema}.decision (batch, id)
        """,

        // What failed for good and waits for a person: a notice, a recalculation or a message. Content is what is
        // needed to try it again.
        $"""
        create table {EventDatabases.Schema}.problem (
            id bigint generated always as identity primary key,
            kind text not null,
            key text not null,
            content bytea not null,
            reason text not null,
            explanation text not null,
            traceparent text,
            occurred_at timestamptz not null,
            retry boolean not null default false)
        """,

        // The trades about a part are found by the part, and a part by its trades' rows.
        $"create index part_trade_trade on {EventDatabases.Schema}.part_trade (trade_id)",

        // Part numbers that differ in the form of writing only are the same number.
        $"create index {PartNumberWriting} on {EventDatabases.Schema}.mt_doc_part "
            + "(normalize(data ->> 'partNumber', NFKC))",

        // Footprints know since 2026-11-27 what their standing total is about: they are made anew. And what had an end
        // that nobody waited for is looked at when it comes, or at once.
        $"""
        create table if not exists {Stale} (one boolean primary key default true check (one));
        insert into {Stale} values (true) on conflict do nothing;
        insert into {EventDatabases.Schema}.recalculation (trace_id, due_at)
        select distinct coalesce((data ->> 'traceId')::uuid, about.part), (data ->> 'validUntil')::timestamptz
        from {EventDatabases.Schema}.mt_events e
            left join {EventDatabases.Schema}.part_trade about on about.trade_id = (data ->> 'tradeId')::uuid
        where type in ('contribution_declared', 'contribution_revised', 'upstream_total_received', 'release_granted')
            and data ->> 'validUntil' is not null and coalesce((data ->> 'traceId')::uuid, about.part) is not null
        """,

        // Upstream totals know which certificates are not shown any more: they are made anew. And the end of a
        // certificate is looked at when it comes, or at once.
        $"""
        create table if not exists {Stale} (one boolean primary key default true check (one));
        insert into {Stale} values (true) on conflict do nothing;
        insert into {EventDatabases.Schema}.recalculation (trace_id, due_at)
        select distinct (data ->> 'traceId')::uuid, (data ->> 'validUntil')::timestamptz
        from {EventDatabases.Schema}.mt_events where type = 'certificate_recorded'
        """,

        // History is only appended to, by whoever does not own it, whatever was granted. The three changes that it
        // goes through have each a procedure of their own, which can do nothing else.
        $"""
        create function {EventDatabases.Schema}.history_stands() returns trigger language plpgsql as $body$
        begin
            if not pg_has_role(
                current_user, (select relowner from pg_catalog.pg_class where oid = tg_relid), 'member') then
                raise insufficient_privilege using message = format('%s is only appended to', tg_table_name);
            end if;
            return null;
        end $body$;
        do $tables$
        declare history text;
        begin
            foreach history in array array['mt_events', 'log_leaf', 'log_node', 'log_checkpoint', 'decision'] loop
                execute format(
                    'create trigger history_stands before update or delete or truncate on {EventDatabases.Schema}.%I '
                        || 'for each statement execute function {EventDatabases.Schema}.history_stands()', history);
            end loop;
        end $tables$;

        create procedure {EventDatabases.Schema}.cosign_checkpoint(signed_size bigint, cosignature text)
            language sql security definer set search_path = pg_catalog as $body$
            update {EventDatabases.Schema}.log_checkpoint set note = note || cosignature, cosigned = true
            where size = signed_size and not cosigned and cosignature ~ '^— [^\n]+\n$'
        $body$;

        create procedure {EventDatabases.Schema}.log_decisions(into_batch bigint, decisions bigint[])
            language sql security definer set search_path = pg_catalog as $body$
            update {EventDatabases.Schema}.decision set batch = into_batch
            where id = any(decisions) and batch is null
        $body$;

        create procedure {EventDatabases.Schema}.mask_event(event_stream text, event_version bigint, masked jsonb)
            language plpgsql security definer set search_path = pg_catalog as $body$
        declare said jsonb;
        begin
            select data into strict said from {EventDatabases.Schema}.mt_events
            where stream_id = event_stream and version = event_version for update;
            -- Texts become masks; what a later version of the event came to have is empty; all else is as it was.
            if exists (
                select from jsonb_each(said) before full join jsonb_each(masked) after using (key)
                where before.value is distinct from after.value and not coalesce(
                    jsonb_typeof(before.value) = 'string' and after.value = to_jsonb('{Masking.Mask}'::text)
                    or coalesce(before.value, 'null') = 'null'
                        and coalesce(after.value, 'null') in ('null', 'false', '0', '""', '[]'), false)) then
                raise insufficient_privilege using message = 'an event can be masked, and not changed';
            end if;
            update {EventDatabases.Schema}.mt_events set data = masked
            where stream_id = event_stream and version = event_version;
            update {EventDatabases.Schema}.log_leaf set salt = null
            where stream_id = event_stream and version = event_version;
        end $body$;

        revoke all on all routines in schema {EventDatabases.Schema} from public
        """,

        // The log of members' keys at the broker, and what a node has believed of it, found, sent and received.
        $"""
        create table {EventDatabases.Schema}.key_log_leaf (
            idx bigint primary key, operator_id uuid not null, number int not null, leaf bytea not null,
            entry text not null, unique (operator_id, number));
        create table {EventDatabases.Schema}.key_log_checkpoint (size bigint primary key, note text not null);
        create table {EventDatabases.Schema}.key_log_cosignature (
            size bigint not null, name text not null, line text not null, primary key (size, name));
        create table {EventDatabases.Schema}.key_log_seen (
            size bigint primary key, note text not null, verifier text not null, seen_at timestamptz not null);
        create table {EventDatabases.Schema}.key_alarm (
            id bigint generated always as identity primary key, kind text not null, about text not null,
            evidence text not null, noticed_at timestamptz not null, unique (kind, about));
        create table {EventDatabases.Schema}.message_sent (
            trade_id uuid primary key, number bigint not null, message_id uuid not null, revision bigint not null,
            since bigint not null);
        create table {EventDatabases.Schema}.message_received (
            trade_id uuid not null, number bigint not null, message_id uuid not null,
            primary key (trade_id, message_id));
        create table {EventDatabases.Schema}.decision_cursor (
            one boolean primary key default true check (one), token text not null);
        do $tables$
        declare history text;
        begin
            foreach history in array
                array['key_log_leaf', 'key_log_checkpoint', 'key_log_cosignature', 'key_log_seen', 'key_alarm'] loop
                execute format(
                    'create trigger history_stands before update or delete or truncate on {EventDatabases.Schema}.%I '
                        || 'for each statement execute function {EventDatabases.Schema}.history_stands()', history);
            end loop;
        end $tables$
        """,
    ];

    /// <summary>One process at a time brings a database up to date; the others wait until it has.</summary>
    public static async Task<IAsyncDisposable> TakeTurnAsync(
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand($"select pg_advisory_lock({Lock})", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return new Turn(connection);
    }

    /// <summary>
    /// Until 2026-11-26 read models carried no version of their stream. Such tables go; they are made anew from the
    /// events, also if this process dies before it has done so.
    /// </summary>
    public static async Task BeforeMartenAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $$"""
            do $$
            declare old text;
            begin
                for old in select table_name from information_schema.columns
                    where table_schema = '{{EventDatabases.Schema}}' and table_name like 'mt\_doc\_%'
                        and column_name = 'mt_version' and udt_name = 'uuid'
                loop
                    create table if not exists {{Stale}} (one boolean primary key default true check (one));
                    insert into {{Stale}} values (true) on conflict do nothing;
                    execute format('drop table %I.%I cascade', '{{EventDatabases.Schema}}', old);
                end loop;
            end $$
            """);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether the read models must be made anew, because of one of the steps.</summary>
    public static async Task<bool> AreReadModelsStaleAsync(
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"select to_regclass('{Stale}') is not null");
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public static async Task ReadModelsAreFreshAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand($"drop table if exists {Stale}");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether a role may change what was said: it owns the tables, or was given more than it needs.</summary>
    public static async Task<bool> MayRewriteAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select has_table_privilege('{EventDatabases.Schema}.mt_events', 'update, delete, truncate, trigger')");
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>For a role that cannot do it itself.</summary>
    public static async Task MustBeDoneAsync(
        NpgsqlDataSource source, string database, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(
            $"select (select count(*) from {EventDatabases.Schema}.migration) = {Steps.Length} "
            + $"and to_regclass('{Stale}') is null");
        if (!(bool)(await command.ExecuteScalarAsync(cancellationToken))!)
        {
            throw new InvalidOperationException(
                $"The tables of {database} are of another version, and this role may not change them: start once "
                + "with ConnectionStrings:Owner.");
        }
    }

    /// <summary>Whoever calls has its turn.</summary>
    public static async Task ApplyAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RunAsync($"create table if not exists {EventDatabases.Schema}.migration (step int primary key)");
        await using var count = new NpgsqlCommand(
            $"select count(*)::int from {EventDatabases.Schema}.migration", connection, transaction);
        var done = (int)(await count.ExecuteScalarAsync(cancellationToken))!;
        for (var step = done; step < Steps.Length; step++)
        {
            await RunAsync(Steps[step]);
            await RunAsync($"insert into {EventDatabases.Schema}.migration values ({step})");
        }

        await transaction.CommitAsync(cancellationToken);

        async Task RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private sealed class Turn(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await using var command = new NpgsqlCommand($"select pg_advisory_unlock({Lock})", connection);
            await command.ExecuteNonQueryAsync();
            await connection.DisposeAsync();
        }
    }
}
