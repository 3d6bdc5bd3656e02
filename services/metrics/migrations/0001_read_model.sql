-- Read model of the metrics service: current disputes, their timelines, and stored counts. It contains dispute codes and no personal data.

create table metrics.disputes (
    code           text collate "C" primary key,
    -- columns written for the events of intake
    registered     boolean     not null default false,   -- false: dispute.registered has not arrived yet, but an event of another producer has
    township       text        not null default '',      -- '' until dispute.registered arrives
    kind           text        not null default '',
    channel        text        not null default '',
    reporter       text        not null default '',
    opened_at      timestamptz not null,
    merged_into    text,                                 -- code of the dispute into which this one was merged
    -- columns written for the events of mediation
    state          text        not null default 'registered',
    next_actors    text[]      not null default '{}',    -- agencies that must act next
    has_actors_from_step boolean not null default false, -- true: a step named next_actors; false: they are the agencies responsible for an unmet deadline
    body           text,                                 -- agency that handles the dispute
    entered_at     timestamptz,                          -- when the dispute entered its state; null: no step has been decided yet
    closed_at      timestamptz,
    outcome        text,
    runs_out_at    timestamptz not null default 'infinity',  -- end of the earliest unmet deadline, which may be in the past
    runs_out_clock text,                                     -- name (clock) of the earliest unmet deadline
    overdue        text        not null default 'none',
    -- columns written for every event
    last_at        timestamptz not null,                 -- time of the latest event
    unassigned_counts jsonb    not null default '[]',    -- [[day, figure], …]: counts in daily_counts still without township and kind
    is_open        boolean     not null generated always as (closed_at is null and merged_into is null) stored,
    -- Time of the latest event, rounded down to ten minutes. It is indexed instead of last_at, so that an event soon after another one changes no indexed
    -- column and updates the row in place (HOT).
    rounded_last_at timestamptz not null generated always as (date_bin('10 minutes', last_at, timestamptz 'epoch')) stored,
    constraint only_the_law_makes_legally_overdue check (overdue in ('none', 'other', 'law', 'both'))
) with (fillfactor = 70);

-- One index per sort order of the dispute list, for conditions that many disputes meet, and one per filter, for conditions that few disputes meet. A page
-- with 50 rows then reads some thousands of a million disputes at most. tests/metrics/test_query_plans.py checks the plans.
create index disputes_by_age       on metrics.disputes (opened_at desc, code desc);
create index disputes_by_change    on metrics.disputes (rounded_last_at desc);
create index disputes_of_township  on metrics.disputes (township, is_open, opened_at desc, code desc);
create index disputes_of_kind      on metrics.disputes (kind, is_open, opened_at desc, code desc);
create index disputes_of_reporter  on metrics.disputes (reporter, is_open, opened_at desc, code desc);
create index disputes_in_state     on metrics.disputes (state, opened_at desc, code desc);
create index open_by_deadline      on metrics.disputes (runs_out_at, code, township, kind) where is_open;
create index open_and_overdue      on metrics.disputes (runs_out_at, code, township, kind) where is_open and overdue <> 'none';
create index open_past_law_deadline on metrics.disputes (runs_out_at, code, township, kind) where is_open and overdue in ('law', 'both');
create index open_by_next_actor    on metrics.disputes using gin (next_actors) where is_open;

-- A county has hundreds of reporters, with very different numbers of disputes. By default the planner has statistics for the 100 most frequent values only.
alter table metrics.disputes alter column reporter set statistics 1000;

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

create table metrics.timeline (         -- one row for every event about a dispute, except events that concern a safeguard hold
    code      text collate "C" not null,
    source    text        not null,     -- producer: intake, mediation or notify
    sequence  bigint      not null,
    at        timestamptz not null,
    type      text        not null,
    agency    text,
    event     text,                     -- source and id of the agency's event that this event reports or answers
    detail    jsonb       not null,     -- facts; for a step also `deadlines`, what the step did to the deadlines
    primary key (code, source, sequence)
);

create table metrics.open_cube (        -- number of open disputes by state, township, kind and overdue deadlines, for the overview page
    state     text   not null,
    township  text   not null,
    kind      text   not null,
    overdue   text   not null,
    count     bigint not null,
    primary key (township, state, kind, overdue)
) with (fillfactor = 60);

create table metrics.open_waits (       -- number of open disputes by agency that must act next; a dispute with two such agencies counts for both
    agency    text   not null,
    township  text   not null,
    overdue   text   not null,
    count     bigint not null,
    primary key (township, agency, overdue)
) with (fillfactor = 60);

create table metrics.daily_counts (     -- daily figures (disputes registered, accepted, closed …) by day in Asia/Shanghai, township and kind
    day       date   not null,
    figure    text   not null,
    township  text   not null,
    kind      text   not null,
    count     bigint not null,
    primary key (township, day, figure, kind)
) with (fillfactor = 80);

create table metrics.daily_totals (     -- daily figures of the whole county, so that the trend chart reads few rows
    day     date   not null,
    figure  text   not null,
    count   bigint not null,
    primary key (day, figure)
) with (fillfactor = 80);

create table metrics.daily_disputes (   -- disputes counted in each daily figure, for the link from a figure to the list of its disputes
    day     date   not null,
    figure  text   not null,
    code    text collate "C" not null,
    count   bigint not null,
    primary key (day, figure, code)
);

create table metrics.totals (           -- counters since the start of operation, exported to Prometheus
    figure  text   not null,
    label   text   not null,
    count   bigint not null,
    primary key (figure, label)
) with (fillfactor = 60);

create table metrics.as_of (            -- time of the latest processed event of each producer
    source           text        primary key,
    latest_event_at  timestamptz not null,     -- the event's own time
    heard_at         timestamptz not null      -- when the metrics service processed it
);

create table metrics.head (             -- a single row with the number of the latest change; a writer locks it, so that changes are numbered in commit order
    is_the_head  boolean primary key default true,
    last_change  bigint  not null,
    writer       bigint  not null default 0,             -- identifies the OS process that made the latest change; others must not use their cached disputes
    constraint there_is_one_head check (is_the_head)
);
insert into metrics.head (last_change) values (0);

create table metrics.changes (          -- change notifications for open dashboard pages; deleted after some hours
    id    bigint      primary key,
    at    timestamptz not null,
    body  jsonb       not null
);
