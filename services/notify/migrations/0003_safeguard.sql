-- Separate table for notices about the safeguard lane. No event is published about these notices.

create table notify.sealed_notices (
    id         text        primary key,           -- id of the event that led to the notice, and the addressee
    dispute    text        not null,
    addressee  text        not null,
    because    text        not null,              -- type of the event that led to the notice
    made_at    timestamptz not null
);
create index sealed_notices_of_a_dispute on notify.sealed_notices (dispute, made_at);
