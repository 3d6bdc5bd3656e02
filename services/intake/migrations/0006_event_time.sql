-- intake: times since when the phase of a dispute holds, and the time at which matching tokens were stored.

alter table intake.disputes
    add column settled_at  timestamptz,       -- since when the dispute is settled, or was settled before it ended; null: it is not, or since an unknown time
    add column ended_at    timestamptz;       -- since when the dispute has ended

alter table intake.party_tokens
    add column stored_at  timestamptz not null default now();     -- the row is deleted 90 days later
drop index intake.party_tokens_by_age;
create index party_tokens_by_age on intake.party_tokens using brin (stored_at);
