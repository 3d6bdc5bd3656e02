-- mediation: safeguard holds and stays of disputes, and deadlines of protection orders (safeguard lane).

create table mediation.holds (
    code       text        primary key references mediation.disputes deferrable initially deferred,
    cause      text,                         -- cause of the safeguard hold: risk, warning or protection_order; null: no safeguard hold
    stays      text[]      not null,         -- agencies that stayed the dispute
    reported_in_lane boolean not null,       -- true: the dispute was reported in the safeguard lane and is not yet published in the ordinary stream
    opened_by  jsonb       not null,         -- events of agencies that opened the hold: [[source, id], …]
    pending_events jsonb   not null,         -- withheld events, to be published in the ordinary stream when the last hold or stay ends: [[event type, data], …]
    opened_at  timestamptz,
    ended_at   timestamptz,
    constraint a_hold_has_one_of_these_causes check (cause in ('risk', 'warning', 'protection_order')),
    constraint an_active_hold_has_its_opening_time check (cause is null and stays = '{}' or opened_at is not null)
);

create table mediation.hold_clocks (        -- deadlines by 反家庭暴力法 28, 31, in a separate table, so that the code of ordinary deadlines cannot read them
    code        text        not null references mediation.holds deferrable initially deferred,
    clock       text        not null,
    started_at  timestamptz not null,
    due_at      timestamptz not null,
    next_check_at timestamptz,               -- time of the next check; null: no further check
    state       text        not null,
    primary key (code, clock),
    constraint a_hold_clock_is_open_passed_or_met check (state in ('open', 'passed', 'met'))
);
create index hold_clocks_to_check on mediation.hold_clocks (next_check_at) where next_check_at is not null;
