-- intake: the log of all events received from agencies, dispute codes, dispute reports, encrypted parties, and receipts.

create table intake.log (               -- append-only hash chain: each row's hash covers the previous row
    seq             bigint      primary key,
    received_at     timestamptz not null,
    agency          text        not null,
    event_id        text        not null,
    sha256          text        not null,    -- hash of the received bytes
    content_hash    text        not null,    -- hash of type, subject and data; equal for the same event in another encoding
    type            text        not null,
    happened_at     timestamptz not null,
    dispute         text,
    refused_for     text,                    -- reason code; null: accepted
    body_encrypted  bytea,
    hash            bytea       not null,
    constraint an_accepted_event_has_its_dispute check (refused_for is not null or dispute is not null or type = 'roster.changed')
);
create unique index the_same_content_is_logged_once on intake.log (agency, event_id, content_hash);
create unique index an_id_is_accepted_once on intake.log (agency, event_id) where refused_for is null;

create table intake.log_head (          -- one row: number and hash of the last log entry; locked first by every transaction that writes to the log
    one   boolean primary key default true,
    seq   bigint  not null,
    hash  bytea   not null,
    constraint there_is_one_head check (one)
);
insert into intake.log_head values (true, 0, decode(repeat('00', 32), 'hex'));

create table intake.serials (
    area         text  not null,
    year         int   not null,
    last         int   not null,             -- number of serial numbers assigned so far
    scatter_key  bytea not null,             -- key of the scattered order of serial numbers, so that a code reveals neither its time nor other codes
    primary key (area, year),
    constraint a_serial_has_six_digits check (last <= 999999)
);

create table intake.disputes (
    code           text        primary key,
    registered_at  timestamptz not null,
    registered_by  text        not null,                    -- agency that first reported the dispute
    phase          text        not null default 'open',     -- derived from the state last published by the mediation service
    merged_into    text        references intake.disputes,  -- the dispute for which this code is an alias; null: not joined
    constraint open_settled_or_ended check (phase in ('open', 'settled', 'ended')),
    constraint a_dispute_is_not_joined_to_itself check (merged_into <> code)
) with (fillfactor = 90);
create index disputes_joined_to on intake.disputes (merged_into) where merged_into is not null;

create table intake.reports (           -- dispute reports: one row for each report number of an agency
    agency             text        not null,
    report_no          text        not null,
    code               text        not null references intake.disputes,     -- code assigned to the report; later joins do not change it
    seq                bigint      not null references intake.log,
    registers_dispute  boolean     not null,       -- whether the dispute was registered for this report; other reports were joined on arrival
    reported_at        timestamptz not null,
    facts              jsonb       not null,       -- data of the report without personal data: place, kind, cause, amount
    constraint one_code_per_report primary key (agency, report_no),
    constraint a_report_is_in_the_log_once unique (seq)
);
create index reports_of_a_dispute on intake.reports (code);

create table intake.party_tokens (      -- matching tokens (keyed hashes) to compare the parties of reports; deleted after 90 days; stored in this schema only
    seq                    bigint      not null,      -- log number of the report
    party                  int         not null,      -- index of the party in the report
    side                   text        not null,
    number                 bytea,                     -- token of the identity number
    mobile                 bytea,                     -- token of name and mobile number
    village                bytea,                     -- token of name and village
    name                   bytea,                     -- token of the name
    has_valid_check_digit  boolean     not null,      -- whether the identity number has a valid check digit
    is_organisation        boolean     not null,
    reported_at            timestamptz not null,
    constraint a_party_stands_on_one_side check (side in ('applicant', 'respondent')),
    constraint a_party_has_its_tokens_once primary key (seq, party)
);
create index party_tokens_by_number  on intake.party_tokens (number, reported_at) where number is not null;
create index party_tokens_by_mobile  on intake.party_tokens (mobile, reported_at) where mobile is not null;
create index party_tokens_by_village on intake.party_tokens (village, reported_at) where village is not null;
create index party_tokens_by_age     on intake.party_tokens using brin (reported_at);

create table intake.parties (           -- encrypted personal data of the parties; stored in this schema only
    code                 text        not null references intake.disputes,
    seq                  bigint      not null references intake.log,
    encrypted            bytea       not null,
    encrypted_by_agency  boolean     not null,      -- true: encrypted by the agency with intake's public key; false: encrypted by intake with the key at rest
    primary key (code, seq)
);

create table intake.receipt_cursors (
    agency  text   primary key,
    last    bigint not null                 -- the last position assigned to a receipt of this agency
);

create table intake.recoveries (        -- one row for each recovery after a loss of data
    epoch         int         primary key,         -- epoch that began with the recovery
    recovered_at  timestamptz not null default now(),
    lost_since_at timestamptz,                     -- events confirmed since this time may be lost; null: none are
    log_seq_before bigint,                         -- log numbers between these two were skipped; null: none were
    log_seq_after  bigint
);

create table intake.receipts (          -- all receipts; `position` numbers the receipts of an agency in commit order
    id        text   primary key,
    agency    text   not null,
    position  bigint not null,
    body      bytea  not null,
    constraint receipts_in_order unique (agency, position)
);
