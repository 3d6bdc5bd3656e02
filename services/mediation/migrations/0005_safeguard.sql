-- mediation: safeguard holds and stays of disputes, and the clocks of the safeguard lane.

create table mediation.holds (
    code       text        primary key references mediation.disputes deferrable initially deferred,
    cause      text,                         -- of the safeguard hold: risk, warning, protection_order; null: no safeguard hold
    stays      text[]      not null,         -- agencies that stayed the dispute
    reported_in_lane boolean not null,       -- true: reported in the lane and not yet published in the ordinary stream
    opened_by  jsonb       not null,         -- agencies' events that opened the hold: [[source, id], …]
    pending_events jsonb   not null,         -- ordinary events to publish when the last hold or stay ends: [[event type, data], …]
    opened_at  timestamptz,
    ended_at   timestamptz,
    constraint held_for_a_cause_of_the_contract check (cause in ('risk', 'warning', 'protection_order')),
    constraint what_is_held_was_opened check (cause is null and stays = '{}' or opened_at is not null)
);

create table mediation.hold_clocks (        -- clocks of 反家庭暴力法 28, 31, in a table of their own, so that code for ordinary deadlines cannot read them
    code        text        not null references mediation.holds deferrable initially deferred,
    clock       text        not null,
    started_at  timestamptz not null,
    due_at      timestamptz not null,
    next_check_at timestamptz,               -- time of the next check; null: no further check
    state       text        not null,
    primary key (code, clock),
    constraint open_passed_or_met_in_the_lane check (state in ('open', 'passed', 'met'))
);
create index hold_clocks_to_check on mediation.hold_clocks (next_check_at) where next_check_at is not null;
