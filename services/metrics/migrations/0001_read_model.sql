-- What metrics knows: disputes as they stand, their timelines, and sums kept by increments. Codes only; nothing here is about a person.

create table metrics.disputes (
    code           text collate "C" primary key,
    -- said by intake
    registered     boolean     not null default false,   -- false while only later speakers have been heard
    township       text        not null default '',      -- '' until intake has been heard
    kind           text        not null default '',
    channel        text        not null default '',
    reporter       text        not null default '',
    opened_at      timestamptz not null,
    merged_into    text,
    -- said by mediation
    state          text        not null default 'registered',
    next_actors      text[]      not null default '{}',    -- agencies that must act next
    is_told        boolean     not null default false,   -- a step has said so; until then whoever owes a running deadline must act
    body           text,                                 -- who handles it
    entered_at     timestamptz,                          -- null: no step has been decided yet
    closed_at      timestamptz,
    outcome        text,
    runs_out_at    timestamptz not null default 'infinity',  -- the nearest deadline still to be met, kept or passed
    runs_out_clock text,
    overdue        text        not null default 'none',
    -- said by anybody
    last_at        timestamptz not null,
    unplaced       jsonb       not null default '[]',    -- what was counted before the township was known
    is_open        boolean     not null generated always as (closed_at is null and merged_into is null) stored,
    constraint only_the_law_makes_legally_overdue check (overdue in ('none', 'other', 'law', 'both'))
) with (fillfactor = 80);

-- One index per question of the list page; each ends in the order in which that page walks. Behind that order stands what the page filters by: it is asked in the index.
create index disputes_by_serial    on metrics.disputes (substr(code, 13, 6), opened_at desc);
create index disputes_by_age       on metrics.disputes (opened_at desc, code desc);
create index disputes_by_change    on metrics.disputes (last_at desc, code desc);
create index disputes_of_township  on metrics.disputes (township, opened_at desc, code desc);
create index disputes_of_kind      on metrics.disputes (kind, opened_at desc, code desc);
create index disputes_of_reporter  on metrics.disputes (reporter, opened_at desc, code desc);
create index disputes_in_state     on metrics.disputes (state, opened_at desc, code desc);
create index open_by_what_runs_out on metrics.disputes (runs_out_at, code, township, kind) where is_open;
create index open_by_age           on metrics.disputes (opened_at desc, code desc) where is_open;
create index open_by_change        on metrics.disputes (last_at desc, code desc) where is_open;
create index open_and_overdue      on metrics.disputes (runs_out_at, code, township, kind) where is_open and overdue <> 'none';
create index open_by_who_must_act  on metrics.disputes using gin (next_actors) where is_open;

create table metrics.deadlines (
    code        text collate "C" not null,
    clock       text        not null,
    kind        text        not null,
    article     text        not null default '',
    state       text        not null,
    started_at  timestamptz,
    due_at      timestamptz not null,
    met_at      timestamptz,
    late        boolean     not null default false,
    owed_by     text[]      not null default '{}',
    primary key (code, clock),
    constraint a_deadline_names_its_authority check (kind in ('LAW', 'LOCAL_RULE', 'POLICY')),
    constraint a_deadline_is_in_one_of_these_states check (state in ('running', 'paused', 'approached', 'passed', 'lapsed', 'met', 'stopped'))
) with (fillfactor = 80);

create table metrics.timeline (         -- every event heard about a dispute, but those of the sealed lane
    code      text collate "C" not null,
    source    text        not null,
    sequence  bigint      not null,
    at        timestamptz not null,
    type      text        not null,
    agency    text,
    event     text,                     -- the agency's own event that it is about
    detail    jsonb       not null,
    primary key (code, source, sequence)
);

create table metrics.open_cube (        -- open disputes, by everything that the overview divides them by
    state     text   not null,
    township  text   not null,
    kind      text   not null,
    overdue   text   not null,
    count     bigint not null,
    primary key (township, state, kind, overdue)
) with (fillfactor = 60);

create table metrics.open_waits (       -- open disputes by agency that must act; a dispute waiting for two counts for both
    agency    text   not null,
    township  text   not null,
    overdue   text   not null,
    count     bigint not null,
    primary key (township, agency, overdue)
) with (fillfactor = 60);

create table metrics.flow (             -- what happened on a day (Asia/Shanghai)
    day       date   not null,
    what      text   not null,
    township  text   not null,
    kind      text   not null,
    count     bigint not null,
    primary key (township, day, what, kind)
) with (fillfactor = 80);

create table metrics.days (             -- the same for the whole county: the trend reads a few rows a day
    day    date   not null,
    what   text   not null,
    count  bigint not null,
    primary key (day, what)
) with (fillfactor = 80);

create table metrics.moves (            -- which disputes a day's figure is made of: from any number to its disputes
    day    date   not null,
    what   text   not null,
    code   text collate "C" not null,
    count  bigint not null,
    primary key (day, what, code)
);

create table metrics.totals (           -- since the beginning: what only ever grows
    what   text   not null,
    label  text   not null,
    count  bigint not null,
    primary key (what, label)
) with (fillfactor = 60);

create table metrics.as_of (            -- how far each speaker has been heard
    source    text        primary key,
    said_at   timestamptz not null,     -- when the latest thing said happened
    heard_at  timestamptz not null
);

create table metrics.head (             -- one row, locked by whoever writes: changes are numbered in the order in which they commit
    is_the_head  boolean primary key default true,
    last_change  bigint  not null,
    constraint there_is_one_head check (is_the_head)
);
insert into metrics.head (last_change) values (0);

create table metrics.changes (          -- what open pages are told; kept for some hours
    id    bigint      primary key,
    at    timestamptz not null,
    body  jsonb       not null
);
