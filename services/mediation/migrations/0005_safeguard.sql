-- mediation: the safeguard hold and the stay, beside the life of the dispute; and the clocks that run in the lane.

create table mediation.holds (
    code       text        primary key references mediation.disputes deferrable initially deferred,
    cause      text,                         -- of the safeguard hold; null: there is none
    stays      text[]      not null,         -- the agencies that stayed it
    reported_in_lane       boolean     not null,         -- reported into the lane; the ordinary voice has not named it yet
    opened_by  jsonb       not null,         -- the agencies' events that opened it: [[source, id], …]
    pending_events     jsonb       not null,         -- what the ordinary voice will say when it is over: [[word, what], …]
    opened_at  timestamptz,
    ended_at   timestamptz,
    constraint held_for_a_cause_of_the_contract check (cause in ('risk', 'warning', 'protection_order')),
    constraint what_is_held_was_opened check (cause is null and stays = '{}' or opened_at is not null)
);

create table mediation.hold_clocks (        -- 反家庭暴力法 28, 31; kept apart, so that nothing that goes over ordinary deadlines can meet one
    code        text        not null references mediation.holds deferrable initially deferred,
    clock       text        not null,
    started_at  timestamptz not null,
    due_at      timestamptz not null,
    ask_at      timestamptz,                 -- when time has to look at it next; null: never again
    state       text        not null,
    primary key (code, clock),
    constraint open_passed_or_met_in_the_lane check (state in ('open', 'passed', 'met'))
);
create index hold_clocks_to_ask_about on mediation.hold_clocks (ask_at) where ask_at is not null;
