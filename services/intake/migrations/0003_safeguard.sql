-- intake: the safeguard lane (events that only police, courts and women's federation see): disputes, events of the mediation service, access log.

create table intake.lane_records (      -- one row for each dispute that is or was in the safeguard lane
    code              text        primary key references intake.disputes,
    reported_in_lane  boolean     not null,      -- reported directly into the safeguard lane and not yet released: other agencies cannot see the code
    holds             text[]      not null,      -- open holds and stays; empty: the dispute is released
    entered_at        timestamptz not null,
    registration      jsonb,                     -- data of dispute.registered, published on the ordinary stream at the release; no personal data
    constraint only_a_hold_or_a_stay check (holds <@ array['hold', 'stay']),
    constraint a_dispute_reported_in_the_lane_has_a_registration check (not reported_in_lane or registration is not null)
);

create table intake.lane_events (       -- events of the mediation service on the sealed stream, shown to agencies inside the safeguard lane
    code         text        not null,
    sequence     bigint      not null,
    happened_at  timestamptz not null,
    type         text        not null,
    facts        jsonb       not null,          -- data of the event: codes, dates and coded values
    constraint one_row_for_each_event primary key (code, sequence)
);

create table intake.lane_accesses (     -- append-only hash chain of all access attempts, granted or not
    seq          bigint      primary key,
    accessed_at  timestamptz not null,
    agency       text        not null,
    officer      text        not null,         -- a staff number, never a name
    reason       text        not null,
    dispute      text        not null,
    granted      boolean     not null,
    hash         bytea       not null
);
create index lane_accesses_to_a_dispute on intake.lane_accesses (dispute, seq);

create table intake.lane_accesses_head (
    one   boolean primary key default true,
    seq   bigint  not null,
    hash  bytea   not null,
    constraint there_is_one_head_of_lane_accesses check (one)
);
insert into intake.lane_accesses_head values (true, 0, decode(repeat('00', 32), 'hex'));

create function intake.reject_access_log_change() returns trigger language plpgsql as $$
begin
    raise exception 'the access log of the safeguard lane cannot be changed';
end
$$;
create trigger lane_accesses_reject_changes before update or delete on intake.lane_accesses for each row execute function intake.reject_access_log_change();
create trigger lane_accesses_reject_truncation before truncate on intake.lane_accesses for each statement execute function intake.reject_access_log_change();
