-- intake: the safeguard lane. Which disputes are in it, what was said about them there, and who looked.

create table intake.seals (             -- a row while, and after, a dispute was in the lane
    code          text        primary key references intake.disputes,
    reported_in_lane          boolean     not null,      -- reported into the lane, and never yet named outside it
    holds         text[]      not null,      -- empty when nothing holds it any more
    sealed_at     timestamptz not null,
    registration  jsonb,                     -- what the ordinary voice will say of it, when it comes out; about nobody
    constraint only_a_hold_or_a_stay check (holds <@ array['hold', 'stay']),
    constraint what_was_born_sealed_can_come_out check (not reported_in_lane or registration is not null)
);

create table intake.entries (           -- what mediation said in the lane, for those who may look
    code      text        not null,
    sequence  bigint      not null,
    said_at   timestamptz not null,
    type      text        not null,
    told      jsonb       not null,          -- codes, dates and tokens, as in the event
    constraint one_entry_for_each_event primary key (code, sequence)
);

create table intake.looks (             -- append-only; each row's hash covers the one before it. Also who asked and was told nothing
    seq        bigint      primary key,
    looked_at  timestamptz not null,
    agency     text        not null,
    officer    text        not null,         -- a staff number, no name
    reason     text        not null,
    dispute    text        not null,
    granted    boolean     not null,
    hash       bytea       not null
);
create index looks_at_a_dispute on intake.looks (dispute, seq);

create table intake.looks_head (
    one   boolean primary key default true,
    seq   bigint  not null,
    hash  bytea   not null,
    constraint there_is_one_head_of_looks check (one)
);
insert into intake.looks_head values (true, 0, decode(repeat('00', 32), 'hex'));

create function intake.looks_stay() returns trigger language plpgsql as $$
begin
    raise exception 'a look that was written down stays';
end
$$;
create trigger nobody_changes_a_look before update or delete on intake.looks for each row execute function intake.looks_stay();
create trigger nobody_empties_the_looks before truncate on intake.looks for each statement execute function intake.looks_stay();
