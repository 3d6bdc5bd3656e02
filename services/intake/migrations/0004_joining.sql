-- intake: undecided requests to join disputes or to undo a join, and the steps that wait for these decisions.

alter table intake.disputes
    add column pending_request_seq  bigint,       -- log number of the last undecided join request about this code; null: no request is pending
    add column pending_into         text,         -- the new value of merged_into if the pending request is applied
    add constraint only_a_pending_request_has_a_target check (pending_request_seq is not null or pending_into is null);
create index disputes_pending_into on intake.disputes (pending_into) where pending_into is not null;

create table intake.join_requests (     -- requests submitted to the mediation service; a row is deleted when the request is decided
    seq          bigint  primary key references intake.log,
    code         text    not null references intake.disputes,   -- the dispute whose merged_into changes if the request is applied
    into_code    text    references intake.disputes,            -- null: the request undoes a join
    reported_by  text,                                          -- only if the request undoes a join: the agency whose reports are separated
    constraint a_join_has_a_target_and_an_undoing_an_agency check ((into_code is null) <> (reported_by is null))
);

create table intake.waiting_steps (     -- steps about a dispute with a pending request; published when the request is decided
    id               bigint      generated always as identity primary key,
    code             text        not null references intake.disputes,
    seq              bigint      not null references intake.log,
    published_about  text,                   -- dispute code under which the step was already published on the sealed stream; null: not published
    stream           text,                   -- null: the ordinary stream
    type             text        not null,
    facts            jsonb       not null,   -- data of the event: codes, dates and amounts
    happened_at      timestamptz not null,
    event_id         text        not null,
    traceparent      text,
    constraint only_sealed_steps_are_published_at_once check (published_about is null or stream is not null)
);
create index waiting_steps_of_a_code on intake.waiting_steps (code, id);
