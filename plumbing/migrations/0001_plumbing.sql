-- What every service's schema holds besides its own tables. Names stay unqualified: the role's search_path says whose they are.

create table heard (                    -- how far this service has heard each speaker about each dispute
    source         text    not null,
    subject        text    not null,
    last_sequence  bigint  not null,
    held           boolean not null default false,   -- the next event failed and is in `parked`; later ones wait
    waits          boolean not null default false,   -- there are rows in `waiting`
    primary key (source, subject)
) with (fillfactor = 80);

create table waiting (                  -- heard too early: an earlier event is missing or parked
    id           bigint      generated always as identity primary key,
    source       text        not null,
    subject      text        not null,
    sequence     bigint,
    event_id     text        not null,
    delivery     bytea       not null,               -- sealed: it may hold what parties told an agency
    waits_since  timestamptz not null default now(),
    constraint an_event_waits_once unique (source, subject, event_id)
);
create index waiting_in_order on waiting (source, subject, sequence, id);

create table parked (                   -- could not be applied; tried again until `attempts` are used up, then a person decides
    id               bigint      generated always as identity primary key,
    source           text        not null,
    subject          text        not null,
    sequence         bigint,
    event_id         text        not null,
    type             text        not null,
    delivery         bytea       not null,
    status           text        not null,
    attempts         int         not null default 1,
    reason           text        not null,
    next_attempt_at  timestamptz,
    parked_at        timestamptz not null default now(),
    constraint an_event_is_parked_once unique (source, subject, event_id),
    constraint retried_or_left_to_a_person_or_discarded check (status in ('retry', 'parked', 'discard')),
    constraint what_is_taken_up_again_has_its_time check (status = 'parked' or next_attempt_at is not null)
);

create table parked_actions (           -- what people did about parked events; a discard is done by the service itself, so that whoever waits is told
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

create table spoken (                   -- the last number this service gave about each dispute, in each voice; the row is the lock that orders its facts
    source         text   not null,
    subject        text   not null,
    last_sequence  bigint not null,
    primary key (subject, source)
) with (fillfactor = 80);

create table outbox (                   -- said but not yet confirmed by the broker; rows leave when it confirms
    id           bigint      generated always as identity primary key,
    partition    smallint    not null,
    exchange     text        not null,
    routing_key  text        not null,
    event_id     text        not null,
    body         bytea       not null,
    created_at   timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
