-- Tables of the service notify: all notices, and the webhooks that agencies have in addition to their inbox.

create table notify.notices (
    id            text        not null,           -- id of the event that led to the notice, and the addressee
    channel       text        not null,
    kind          text        not null,           -- event type of the notice
    dispute       text        not null,
    addressee     text        not null,
    clock         text,
    due_at        timestamptz,
    status        text        not null,
    attempts      int         not null default 0,
    why           text,                            -- why the last attempt failed
    made_at       timestamptz not null,
    next_try_at   timestamptz,
    tried_at      timestamptz,                     -- time of the last attempt by webhook; notices without an attempt are sent first
    settled_at    timestamptz,                     -- when the notice was sent or given up
    about         jsonb       not null,            -- data of the notice
    constraint a_notice_is_sent_once_per_channel primary key (id, channel),
    constraint only_these_channels check (channel in ('inbox', 'webhook')),
    constraint sent_waiting_or_given_up check (status in ('sent', 'waiting', 'undeliverable')),
    constraint a_waiting_notice_has_a_next_try check (status <> 'waiting' or next_try_at is not null)
);
create index notices_that_wait on notify.notices (addressee, next_try_at) where status = 'waiting';
create index notices_of_a_dispute on notify.notices (dispute, made_at);

create table notify.webhooks (                     -- set by an operator with `python -m services.notify.webhooks`
    agency  text primary key,
    url     text not null,
    secret  bytea not null,                         -- encrypted; signs the notices (HMAC-SHA256)
    free_at   timestamptz not null default now(),   -- before this time no sender may call the address, because it is leased or in back-off after failures
    failures  int not null default 0,               -- number of consecutive calls that failed for reasons not specific to one notice
    constraint a_webhook_has_an_http_url check (url ~ '^https?://')
);
