-- intake: codes that a replay of a message log assigns to reports, and the whole delivery in the log, from which a message log is exported.

create table intake.pinned_codes (      -- codes that reports had in the installation whose message log is loaded; filled before the log is loaded
    agency    text not null,
    event_id  text not null,            -- the dispute report, or the request to undo a join that registered a new dispute
    code      text not null,
    primary key (agency, event_id)
);
create index pinned_codes_by_code on intake.pinned_codes (code);

create table intake.replay_state (      -- one row
    one               boolean  primary key default true,
    has_pinned_codes  boolean  not null default false,      -- whether intake looks for pinned codes
    constraint there_is_one_replay_state check (one)
);
insert into intake.replay_state default values;

alter table intake.log rename column body_encrypted to delivery_encrypted;      -- body, headers and message properties
