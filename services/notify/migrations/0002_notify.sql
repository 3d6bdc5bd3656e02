-- notify: a ledger of every notice, and where agencies want to hear them beside their inbox.

create table notify.notices (
    id            text        not null,           -- the event that gave rise to it, and the addressee
    channel       text        not null,
    kind          text        not null,
    dispute       text        not null,
    addressee     text        not null,
    clock         text,
    due_at        timestamptz,
    status        text        not null,
    attempts      int         not null default 0,
    why           text,
    made_at       timestamptz not null,
    next_try_at   timestamptz,
    tried_at      timestamptz,                     -- last by webhook: what was never tried goes before what failed
    settled_at    timestamptz,
    about         jsonb       not null,
    constraint a_notice_goes_once_by_each_channel primary key (id, channel),
    constraint only_these_channels check (channel in ('inbox', 'webhook')),
    constraint sent_waiting_or_given_up check (status in ('sent', 'waiting', 'undeliverable')),
    constraint a_waiting_notice_has_its_next_try check (status <> 'waiting' or next_try_at is not null)
);
create index notices_that_wait on notify.notices (addressee, next_try_at) where status = 'waiting';
create index notices_of_a_dispute on notify.notices (dispute, made_at);

create table notify.webhooks (                     -- set by the operator: `python -m services.notify.webhooks`
    agency  text primary key,
    url     text not null,
    secret  bytea not null,                         -- sealed; signs what is sent (HMAC-SHA256)
    free_at   timestamptz not null default now(),   -- nobody calls before: a sender is at it, and its lease ends then, or it rests after failures
    failures  int not null default 0,               -- calls without an answer, or told to come later, since the last that succeeded
    constraint a_webhook_speaks_http check (url ~ '^https?://')
);
