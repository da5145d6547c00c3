using Marten.Documents;

namespace Marten.Schema;

/// <summary>The tables of Marten 9, name by name.</summary>
internal static class Ddl
{
    public static string Events(string schema) => $"""
        create schema if not exists {schema};
        create table if not exists {schema}.mt_streams (
            id varchar not null,
            type varchar,
            version bigint,
            timestamp timestamptz not null default (now()),
            created timestamptz not null default (now()),
            tenant_id varchar default '*DEFAULT*',
            is_archived boolean default false,
            constraint pkey_mt_streams_id primary key (id));
        create sequence if not exists {schema}.mt_events_sequence;
        create table if not exists {schema}.mt_events (
            seq_id bigint not null,
            id uuid not null,
            stream_id varchar,
            version bigint not null,
            data jsonb not null,
            bdata bytea,
            type varchar(500) not null,
            timestamp timestamptz not null default '{Now}',
            tenant_id varchar default '*DEFAULT*',
            mt_dotnet_type varchar,
            correlation_id varchar,
            causation_id varchar,
            headers jsonb,
            user_name varchar,
            is_archived boolean default false,
            constraint pkey_mt_events_seq_id primary key (seq_id),
            constraint fkey_mt_events_stream_id foreign key (stream_id)
                references {schema}.mt_streams (id) on delete cascade);
        create unique index if not exists pk_mt_events_stream_and_version on {schema}.mt_events (stream_id, version);
        create table if not exists {schema}.mt_event_progression (
            name varchar not null,
            last_seq_id bigint,
            last_updated timestamptz default (transaction_timestamp()),
            constraint pk_mt_event_progression primary key (name));
        create table if not exists {schema}.mt_high_water_skips (
            ending_sequence bigint not null,
            starting_sequence bigint not null,
            timestamp timestamptz default (transaction_timestamp()),
            constraint pkey_mt_high_water_skips_ending_sequence primary key (ending_sequence));
        create table if not exists {schema}.mt_doc_deadletterevent (
            id uuid not null,
            {DocumentColumns},
            mt_version uuid not null default {RandomUuid},
            constraint pkey_mt_doc_deadletterevent_id primary key (id));
        """;

    public static string Document(string schema, DocumentMapping mapping) => $"""
        create schema if not exists {schema};
        create table if not exists {schema}.{mapping.Table} (
            id varchar not null,
            {DocumentColumns},
            mt_version {(mapping.UsesRevisions ? "bigint not null default 0" : $"uuid not null default {RandomUuid}")},
            constraint pkey_{mapping.Table}_id primary key (id));
        """;

    /// <summary>A constant, as the real store writes it: whoever inserts must give the time.</summary>
    private const string Now = "2000-01-01 00:00:00+00";

    private const string RandomUuid = "(md5(random()::text || clock_timestamp()::text)::uuid)";

    private const string DocumentColumns = """
        data jsonb not null,
            mt_last_modified timestamptz default (transaction_timestamp()),
            mt_dotnet_type varchar
        """;
}
