-- mediation: rosters of organisations and their members. Members are numbers, without names. Each row is a version valid for a period; a change adds a row.

create table mediation.organisations (
    code           text    not null,
    valid_from_on  date    not null,
    valid_to_on    date,                   -- last day of validity; null: until further notice
    kind           text    not null,
    agency         text    not null,       -- agency to which the organisation belongs
    township       text    not null,
    village        text,
    takes          text[]  not null,       -- kinds of dispute that it accepts; empty: every kind
    zh             text    not null,       -- names are loaded from files; events contain no names
    en             text    not null,
    synthetic      boolean not null,
    primary key (code, valid_from_on),
    constraint an_organisation_ends_after_it_began check (valid_to_on is null or valid_to_on >= valid_from_on - 1),
    constraint only_these_kinds_of_organisation check (kind in (
        'peoples_mediation_committee', 'industry_mediation_body', 'invited_mediation_body', 'fast_track_team', 'enforcement_group',
        'circuit_point', 'village_judge', 'service_station', 'video_room'))
);

create table mediation.members (            -- a member has a number and a role, but no name, telephone number or success rate
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

create table mediation.roster_version (     -- single row, locked and incremented by every roster change; invalidates cached rosters
    is_the_version_row  boolean primary key default true,
    version         bigint  not null,
    constraint there_is_one_roster_version check (is_the_version_row)
);
insert into mediation.roster_version values (true, 0);
