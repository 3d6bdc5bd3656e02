-- Tables of plumbing in every service's schema. Names are unqualified: the role's search_path selects the schema.

create table epoch (                    -- one row: the epoch of the installation; a recovery after a loss of data begins the next one
    is_the_epoch         boolean     primary key default true,
    number               int         not null default 1,
    began_at             timestamptz not null default now(),
    last_message_before  bigint      not null default 0,     -- highest id in `published` of the earlier epochs
    constraint there_is_one_epoch check (is_the_epoch)
);
insert into epoch default values;

create table heard (                    -- the last event that this service has processed, per producer and dispute
    source         text    not null,
    subject        text    not null,
    last_sequence  bigint  not null,
    epoch          int     not null default 1,       -- epoch of the event last processed
    last_before_epoch bigint not null default 0,     -- number of the last event processed before that epoch; the numbers above it belong to that epoch
    blocked        boolean not null default false,   -- the next event failed and is stored in `parked`; later events wait
    has_waiting    boolean not null default false,   -- the table `waiting` contains events of this dispute
    primary key (source, subject)
) with (fillfactor = 80);

create table waiting (                  -- events that arrived too early: an earlier event is missing or parked
    id           bigint      generated always as identity primary key,
    source       text        not null,
    subject      text        not null,
    sequence     bigint,
    follows      bigint,                             -- number of the event after which this one is processed
    event_id     text        not null,
    delivery     bytea       not null,               -- encrypted: it may contain what parties told an agency
    waits_since  timestamptz not null default now(),
    constraint an_event_waits_once unique (source, subject, event_id)
);
create index waiting_in_order on waiting (source, subject, sequence, id);

create table parked (                   -- events that failed: retried a limited number of times, then an operator decides
    id               bigint      generated always as identity primary key,
    source           text        not null,
    subject          text        not null,
    sequence         bigint,
    event_id         text        not null,
    type             text        not null,
    delivery         bytea       not null,           -- encrypted, as in `waiting`
    status           text        not null,
    attempts         int         not null default 1,
    reason           text        not null,
    next_attempt_at  timestamptz,
    parked_at        timestamptz not null default now(),
    constraint an_event_is_parked_once unique (source, subject, event_id),
    -- retried automatically; left to an operator; to be discarded; contradicts an event of another epoch, so it has no effect and blocks nothing
    constraint only_these_statuses check (status in ('retry', 'parked', 'discard', 'conflict')),
    constraint a_retry_or_discard_has_its_time check (status in ('parked', 'conflict') or next_attempt_at is not null)
);

create table parked_actions (           -- actions of operators on parked events; the service itself carries out a discard, so that the agency is informed
    id        bigint      generated always as identity primary key,
    at        timestamptz not null default now(),
    who       text        not null,
    action    text        not null,
    source    text        not null,
    subject   text        not null,
    event_id  text        not null,
    note      text        not null,
    constraint only_these_actions check (action in ('replay', 'discard', 'read'))
);

-- The row is locked until the commit, so that sequence numbers follow the order of the commits.
create table spoken (                   -- the last sequence number used, per stream and dispute
    source         text   not null,
    subject        text   not null,
    last_sequence  bigint not null,
    primary key (subject, source)
) with (fillfactor = 80);

create sequence message_ids;            -- ids of messages, in `published` and `outbox`; a copy of the database that is older has a lower last value

create table published (                -- record of the messages with events of this service's streams; append-only, so that they can be published again
    id           bigint      primary key,
    partition    smallint    not null,
    exchange     text        not null,
    routing_key  text        not null,
    message_id   text        not null,               -- id of the event; of a bundle: id of its first event and number of the others
    event_count  int         not null,
    body         bytea       compression lz4 not null,   -- a bundle of many events would cost several times more CPU time to compress by the default method
    created_at   timestamptz not null default now()
);

create table outbox (                   -- messages to publish; the relay deletes a row once the broker has confirmed it
    id           bigint      primary key default nextval('message_ids'),
    partition    smallint    not null,
    exchange     text        not null,
    routing_key  text        not null,
    message_id   text        not null,
    event_count  int         not null,
    body         bytea       compression lz4,        -- null: the body is that of the row in `published` with the same id
    created_at   timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
