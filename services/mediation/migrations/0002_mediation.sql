-- mediation: the life of each dispute. A state is a row, its history is rows; clocks are rows.

create table mediation.disputes (
    code        text        primary key,
    state       text        not null,
    township    text        not null,
    kind        text        not null,
    reporter    text        not null,
    body        text,
    parties     text[]      not null,       -- labels (applicant, respondent-2), never who they are
    consents    text[]      not null,
    suitable    boolean,
    mediator    text,
    terms       jsonb       not null,
    outcome     text,
    opened_at   timestamptz not null,
    entered_at  timestamptz not null,
    steps       int         not null,
    particulars jsonb       not null,       -- what only some disputes have: the court's case, the agreement, conflicts; see dispute.py
    constraint a_state_of_the_table check (state in (
        'registered', 'screened', 'routed', 'referral_declined', 'accepted', 'consent_pending', 'mediating', 'clock_paused', 'suspended',
        'agreed', 'confirm_applied', 'confirm_decided', 'performing', 'defaulted', 'terminated', 'filed', 'court_track', 'enforcement',
        'redirected', 'resolved', 'closed')),
    constraint a_closed_dispute_has_an_outcome check (state <> 'closed' or outcome is not null)
) with (fillfactor = 70);
-- To share out the work. Not by state: a row whose indexed columns stay as they are is updated in place.
create index disputes_of_a_mediator on mediation.disputes (mediator, opened_at) where mediator is not null;

create table mediation.transitions (        -- append-only: the state is the fold of these
    code         text        not null references mediation.disputes deferrable initially deferred,
    step         int         not null,
    before       text        not null,
    after        text        not null,
    word         text        not null,
    agency       text,                      -- null: time
    happened_at  timestamptz not null,
    decided_at   timestamptz not null,
    cause        text,                      -- the event of intake that reported it; null: time
    reported     text,                      -- the agency's own id for it, by which it may be called wrong
    undo         jsonb       not null,      -- how what it changed was before; empty: it changed nothing
    undoes       int,                       -- the earlier step that it takes back
    constraint every_step_once_in_order primary key (code, step)
);

create table mediation.deadlines (
    code        text        not null references mediation.disputes deferrable initially deferred,
    key         text        not null,       -- the clock, and which one of several
    clock       text        not null,
    kind        text        not null,
    started_at  timestamptz not null,
    due_at      timestamptz not null,
    owed_by     text[]      not null,
    set_at      timestamptz not null,
    ask_at      timestamptz,                -- when time has to look at it next; null: never again
    state       text        not null,
    provisional boolean     not null,       -- the arrangement of its year is not published, or an appraisal goes on
    happened    jsonb       not null,       -- pauses, extensions, a new start: what it is reckoned from, beside its start
    primary key (code, key),
    constraint the_three_kinds check (kind in ('LAW', 'LOCAL_RULE', 'POLICY')),
    constraint open_passed_met_or_stopped check (state in ('open', 'passed', 'met', 'stopped'))
) with (fillfactor = 70);
create index deadlines_to_ask_about on mediation.deadlines (ask_at) where ask_at is not null;
create index provisional_deadlines on mediation.deadlines (code) where provisional and state <> 'met';
