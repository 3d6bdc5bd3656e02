-- notify: the ledger of what was told about the safeguard lane, apart from the other. Nothing of it is said to anybody.

create table notify.sealed_notices (
    id         text        primary key,           -- the event that gave rise to it, and the addressee
    dispute    text        not null,
    addressee  text        not null,
    because    text        not null,              -- the word of the event
    made_at    timestamptz not null
);
create index sealed_notices_of_a_dispute on notify.sealed_notices (dispute, made_at);
