-- intake: everything agencies ever sent, the codes given to disputes, and the parties, sealed.

create table intake.log (               -- append-only; each row's hash covers the one before it
    seq           bigint      primary key,
    received_at   timestamptz not null,
    agency        text        not null,
    event_id      text        not null,
    sha256        text        not null,      -- of the exact bytes received
    content       text        not null,      -- of type, subject and data: the same event may come in other bytes, by another door or client
    type          text        not null,
    happened_at   timestamptz not null,
    dispute       text,
    refused_for   text,
    body_sealed   bytea,
    hash          bytea       not null,
    constraint an_accepted_event_has_its_dispute check (refused_for is not null or dispute is not null or type = 'roster.changed')
);
create unique index the_same_content_is_logged_once on intake.log (agency, event_id, content);
create unique index an_id_is_accepted_once on intake.log (agency, event_id) where refused_for is null;

create table intake.log_head (          -- one row: the last entry; locked first by everybody who takes events in
    one   boolean primary key default true,
    seq   bigint  not null,
    hash  bytea   not null,
    constraint there_is_one_head check (one)
);
insert into intake.log_head values (true, 0, decode(repeat('00', 32), 'hex'));

create table intake.serials (
    area     text  not null,
    year     int   not null,
    last     int   not null,                 -- how many were given out
    scatter  bytea not null,                 -- the order in which they are given out: a code says nothing of when, nor of those between two
    primary key (area, year),
    constraint a_serial_has_six_digits check (last <= 999999)
);

create table intake.disputes (
    code           text        primary key,
    registered_at  timestamptz not null,
    registered_by  text        not null,
    standing       text        not null default 'open',     -- as mediation last said, as far as joining asks
    merged_into    text        references intake.disputes,  -- the code is another name of that dispute; null again when the join is undone
    constraint open_settled_or_ended check (standing in ('open', 'settled', 'ended')),
    constraint a_dispute_is_not_joined_to_itself check (merged_into <> code)
) with (fillfactor = 90);
create index disputes_joined_to on intake.disputes (merged_into) where merged_into is not null;

create table intake.reports (           -- an agency's own number for a dispute
    agency       text        not null,
    report_no    text        not null,
    code         text        not null references intake.disputes,     -- that it was given, whatever that one was joined to later
    seq          bigint      not null references intake.log,
    registers    boolean     not null,       -- it gave the dispute its code; others joined it at the door
    reported_at  timestamptz not null,
    facts        jsonb       not null,       -- what it told that is about nobody: place, kind, cause, sum
    constraint one_code_per_report primary key (agency, report_no),
    constraint a_report_is_in_the_log_once unique (seq)
);
create index reports_of_a_dispute on intake.reports (code);

create table intake.party_tokens (      -- who it is about, as far as two reports can be compared: keyed, for some weeks, never outside this schema
    seq           bigint      not null,      -- of the report in the log
    party         int         not null,
    side          text        not null,
    number        bytea,                     -- of an identity number
    mobile        bytea,                     -- of name and mobile number
    village       bytea,                     -- of name and village
    name          bytea,
    certified     boolean     not null,      -- the number proves itself by its check digit
    organisation  boolean     not null,
    reported_at   timestamptz not null,
    constraint a_party_stands_on_one_side check (side in ('applicant', 'respondent')),
    constraint a_party_has_its_tokens_once primary key (seq, party)
);
create index party_tokens_by_number  on intake.party_tokens (number, reported_at) where number is not null;
create index party_tokens_by_mobile  on intake.party_tokens (mobile, reported_at) where mobile is not null;
create index party_tokens_by_village on intake.party_tokens (village, reported_at) where village is not null;
create index party_tokens_by_age     on intake.party_tokens using brin (reported_at);

create table intake.parties (           -- who it is about: never leaves this schema
    code      text        not null references intake.disputes,
    seq       bigint      not null references intake.log,
    sealed    bytea       not null,
    by_agency boolean     not null,      -- sealed by the agency to intake's public key, or here with the key at rest
    primary key (code, seq)
);

create table intake.receipt_cursors (
    agency  text   primary key,
    last    bigint not null
);

create table intake.receipts (          -- every answer; `position` counts per agency in commit order
    id        text   primary key,
    agency    text   not null,
    position  bigint not null,
    body      bytea  not null,
    constraint receipts_in_order unique (agency, position)
);
