-- intake: joins and unjoins that mediation has not decided, and the steps that wait for these decisions.

alter table intake.disputes
    add column pending_request_seq  bigint,       -- log number of the last undecided join or unjoin of this code; null: none is pending
    add column pending_into         text,         -- the value of merged_into if mediation applies that request
    add constraint only_a_pending_request_has_a_target check (pending_request_seq is not null or pending_into is null);
create index disputes_pending_into on intake.disputes (pending_into) where pending_into is not null;

create table intake.join_requests (     -- joins and unjoins submitted to mediation; a row is deleted when mediation has decided it
    seq          bigint  primary key references intake.log,
    code         text    not null references intake.disputes,   -- the dispute whose merged_into is to change
    into_code    text    references intake.disputes,            -- null: an unjoin
    reported_by  text,                                          -- for an unjoin: the agency whose reports are to be separated
    constraint a_join_has_a_target_and_an_unjoin_an_agency check ((into_code is null) <> (reported_by is null))
);

create table intake.waiting_steps (     -- steps about a code with a pending request; passed on when it is decided which dispute they are about
    id               bigint      generated always as identity primary key,
    code             text        not null references intake.disputes,
    seq              bigint      not null references intake.log,
    published_about  text,                   -- the code under which the sealed stream published the step at once; null: not yet published
    stream           text,                   -- the sealed stream; null: the ordinary one
    type             text        not null,
    facts            jsonb       not null,   -- codes, dates and amounts, as in the event
    happened_at      timestamptz not null,
    event_id         text        not null,
    traceparent      text,
    constraint only_sealed_steps_are_published_at_once check (published_about is null or stream is not null)
);
create index waiting_steps_of_a_code on intake.waiting_steps (code, id);
