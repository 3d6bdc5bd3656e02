-- mediation: rosters of organisations and of their members, who are numbers only. Each row is a version, valid for a period; versions are not overwritten.

create table mediation.organisations (
    code           text    not null,
    valid_from_on  date    not null,
    valid_to_on    date,                   -- last day; null: until further notice
    kind           text    not null,
    agency         text    not null,       -- the agency that it belongs to
    township       text    not null,
    village        text,
    takes          text[]  not null,       -- kinds of dispute; empty: every kind
    zh             text    not null,       -- names come from files; events carry none
    en             text    not null,
    synthetic      boolean not null,
    primary key (code, valid_from_on),
    constraint an_organisation_ends_after_it_began check (valid_to_on is null or valid_to_on >= valid_from_on - 1),
    constraint only_these_kinds_of_organisation check (kind in (
        'peoples_mediation_committee', 'industry_mediation_body', 'invited_mediation_body', 'fast_track_team', 'enforcement_group',
        'circuit_point', 'village_judge', 'service_station', 'video_room'))
);

create table mediation.members (            -- a number and a role; no name, no telephone number, no success rate
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

create table mediation.roster_edition (     -- a single row: locked by a process that changes rosters; the number tells the others that the rosters have changed
    is_the_edition  boolean primary key default true,
    edition         bigint  not null,
    constraint there_is_one_edition check (is_the_edition)
);
insert into mediation.roster_edition values (true, 0);
