-- intake: joins, and their undoings, that mediation has not decided yet, and the steps that wait for that.

alter table intake.disputes
    add column asked       bigint,       -- log number of the last one about this code; null: the code is not in question
    add column asked_into  text,         -- what merged_into becomes if mediation takes that step; null: none
    add constraint what_is_not_in_question_asks_for_nothing check (asked is not null or asked_into is null);
create index disputes_asked_into on intake.disputes (asked_into) where asked_into is not null;

create table intake.join_requests (     -- what mediation was asked; the row goes with its answer
    seq          bigint  primary key references intake.log,
    code         text    not null references intake.disputes,   -- whose merged_into is to change
    into_code    text    references intake.disputes,            -- null: it is to be its own again
    reported_by  text,                                          -- of an undoing: whose reports it is about
    constraint a_join_names_another_and_an_undoing_an_agency check ((into_code is null) <> (reported_by is null))
);

create table intake.waiting_steps (     -- steps about a code in question: passed on when it is decided which dispute they are about
    id           bigint      generated always as identity primary key,
    code         text        not null references intake.disputes,
    seq          bigint      not null references intake.log,
    said_about   text,                   -- what was said in the sealed lane at once, and about which dispute; null: not said yet
    stream       text,
    type         text        not null,
    facts        jsonb       not null,   -- codes, dates and sums, as in the event
    happened_at  timestamptz not null,
    event_id     text        not null,
    traceparent  text,
    constraint what_was_said_at_once_was_said_sealed check (said_about is null or stream is not null)
);
create index waiting_steps_at_a_code on intake.waiting_steps (code, id);
