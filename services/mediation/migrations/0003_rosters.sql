-- mediation: whom it can ask. Organisations, and people by number only, each from one day to another; a version is never written over by another.

create table mediation.organisations (
    code           text    not null,
    valid_from_on  date    not null,
    valid_to_on    date,                   -- the last day; null: until further notice
    kind           text    not null,
    agency         text    not null,       -- who speaks for it
    township       text    not null,
    village        text,
    takes          text[]  not null,       -- kinds of dispute; empty: every kind
    zh             text    not null,       -- from a file; events carry no names
    en             text    not null,
    synthetic      boolean not null,
    primary key (code, valid_from_on),
    constraint an_organisation_ends_after_it_began check (valid_to_on is null or valid_to_on >= valid_from_on - 1),
    constraint only_these_kinds_of_organisation check (kind in (
        'peoples_mediation_committee', 'industry_mediation_body', 'invited_mediation_body', 'fast_track_team', 'enforcement_group',
        'circuit_point', 'village_judge', 'service_station', 'video_room'))
);

create table mediation.members (            -- a number and a role: no name, no telephone, no count of successes
    id             text    not null,
    organisation   text    not null,
    valid_from_on  date    not null,
    valid_to_on    date,
    role           text    not null,
    takes          text[]  not null,
    synthetic      boolean not null,
    primary key (organisation, id, valid_from_on),
    constraint a_member_leaves_after_joining check (valid_to_on is null or valid_to_on >= valid_from_on - 1),
    constraint only_these_roles_of_members check (role in ('mediator', 'invited_mediator', 'judge'))
);

create table mediation.roster_edition (     -- one row: the lock of those who change rosters, and the sign that something changed
    one      boolean primary key default true,
    edition  bigint  not null,
    constraint there_is_one_edition check (one)
);
insert into mediation.roster_edition values (true, 0);
