-- mediation: the current state of each dispute, its transitions and its deadlines.

create table mediation.disputes (
    code        text        primary key,
    state       text        not null,
    township    text        not null,
    kind        text        not null,
    reporter    text        not null,
    body        text,
    parties     text[]      not null,       -- labels of the parties (applicant, respondent-2); no names
    consents    text[]      not null,
    suitable    boolean,
    mediator    text,
    terms       jsonb       not null,
    outcome     text,
    opened_at   timestamptz not null,
    entered_at  timestamptz not null,
    steps       int         not null,
    latest_at   timestamptz,                -- the latest time at which a reported step happened
    automatic_at timestamptz,               -- time of the latest automatic step; null: there was none
    particulars jsonb       not null,       -- data that only some disputes have (court case, agreement, conflicts); see PARTICULARS in dispute/model.py
    constraint a_dispute_is_in_one_of_these_states check (state in (
        'registered', 'screened', 'routed', 'referral_declined', 'accepted', 'consent_pending', 'mediating', 'clock_paused', 'suspended',
        'agreed', 'confirm_applied', 'confirm_decided', 'performing', 'defaulted', 'terminated', 'filed', 'court_track', 'enforcement',
        'redirected', 'resolved', 'closed')),
    constraint a_closed_dispute_has_an_outcome check (state <> 'closed' or outcome is not null)
) with (fillfactor = 70);
-- To count the open disputes of a mediator. The state is not indexed, so that a change of state updates the row in place (HOT update).
create index disputes_of_a_mediator on mediation.disputes (mediator, opened_at) where mediator is not null;

-- transitions and deadlines have no foreign key to disputes: its check would read and lock the dispute's row for every row inserted. The reliability drill
-- checks that each of their rows has its dispute (drills/checker.py).
create table mediation.transitions (        -- one row per applied step; rows are never changed
    code         text        not null,
    step         int         not null,
    before       text        not null,
    after        text        not null,
    event_type   text        not null,
    agency       text,                      -- null: the transition was made by a timer
    happened_at  timestamptz not null,
    decided_at   timestamptz not null,
    cause        text,                      -- id of intake's event that reported the step; null: the transition was made by a timer
    reported     text,                      -- id of the agency's event, by which the agency may withdraw or correct it
    facts        jsonb       not null,      -- facts of the step without personal data, from which the dispute can be computed again
    undoes       int,                       -- number of the earlier step that this step undoes
    constraint every_step_of_a_dispute_has_a_number primary key (code, step)
);

create table mediation.deadlines (
    code        text        not null,
    key         text        not null,       -- clock; with a number if the dispute has several deadlines of the clock: performance/2
    clock       text        not null,
    kind        text        not null,
    started_at  timestamptz not null,
    due_at      timestamptz not null,
    owed_by     text[]      not null,
    set_at      timestamptz not null,
    next_check_at timestamptz,              -- time of the next check; null: no further check
    state       text        not null,
    provisional boolean     not null,       -- true: the end may still change (holiday schedule not published, or appraisal in progress)
    history     jsonb       not null,       -- pauses, extensions and restart, from which the end is computed together with the start
    awaits      text[]      not null default '{}',   -- after the end: agencies that may still report a step that met the deadline in time
    is_replaced boolean     not null default false,  -- it passed, and a later deadline of the same clock has taken its place
    primary key (code, key),
    constraint a_deadline_has_one_of_three_kinds check (kind in ('LAW', 'LOCAL_RULE', 'POLICY')),
    constraint a_deadline_is_open_passed_met_or_stopped check (state in ('open', 'passed', 'met', 'stopped'))
) with (fillfactor = 70);
create index deadlines_to_check on mediation.deadlines (next_check_at) where next_check_at is not null;
create index deadlines_that_wait on mediation.deadlines (due_at) where state = 'open' and awaits <> '{}';
create index provisional_deadlines on mediation.deadlines (code) where provisional and state <> 'met';

create table mediation.watermarks (         -- how far each agency has reported, as heard in each partition of intake's stream
    partition     smallint    not null,
    agency        text        not null,
    up_to         timestamptz not null,     -- the newest time of an event, or the stated time
    stated_up_to  timestamptz,              -- the agency stated with agency.alive that it has reported everything up to this time
    stated_at     timestamptz,              -- when the statement was heard
    primary key (partition, agency)
);
